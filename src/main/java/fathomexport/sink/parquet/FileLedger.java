package fathomexport.sink.parquet;

import fathomexport.report.SiteId;
import fathomexport.report.TableSchema;
import java.util.Collections;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * What a data file's footer says beside its rows.
 *
 * @param schema the file's columns
 * @param periods everything that is known of the site's periods in this file
 */
record FileLedger(SiteId site, TableSchema schema, NavigableMap<PeriodKey, StoredPeriod> periods) {
  FileLedger {
    periods = Collections.unmodifiableNavigableMap(new TreeMap<>(periods));
  }

  /** How many rows the file holds by this. */
  long rows() {
    return periods.values().stream()
        .filter(p -> p.entry().stored())
        .mapToLong(p -> p.entry().certificate().rows())
        .sum();
  }
}
