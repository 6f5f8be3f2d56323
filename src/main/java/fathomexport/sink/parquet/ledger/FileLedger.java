package fathomexport.sink.parquet.ledger;

import fathomexport.ledger.LedgerEntry;
import fathomexport.report.DateGrouping;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.TableSchema;
import fathomexport.sink.SinkException;
import fathomexport.sink.parquet.file.FileSchema;
import fathomexport.sink.parquet.file.Layout;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Collections;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.stream.StreamSupport;

/**
 * The ledger in the footer of a data file.
 *
 * @param schema the file's columns
 * @param periods the certificates of the site's periods in this file
 */
public record FileLedger(
    SiteId site, TableSchema schema, NavigableMap<PeriodKey, StoredPeriod> periods) {
  public FileLedger {
    periods = Collections.unmodifiableNavigableMap(new TreeMap<>(periods));
  }

  /** Returns the same content under another name of the report. */
  FileLedger named(String report) {
    NavigableMap<PeriodKey, StoredPeriod> renamed = new TreeMap<>();
    periods.forEach(
        (key, stored) -> {
          LedgerEntry entry = stored.entry();
          renamed.put(
              key,
              new StoredPeriod(
                  new LedgerEntry(
                      report,
                      entry.slice(),
                      entry.certificate(),
                      entry.provenance(),
                      entry.windowId(),
                      entry.stored(),
                      entry.confirmed()),
                  stored.digest()));
        });
    return new FileLedger(
        site, new TableSchema(report, schema.dateGrouping(), schema.columns()), renamed);
  }

  /** Returns the number of rows in the file, according to its certificates. */
  public long rows() {
    return periods.values().stream()
        .filter(p -> p.entry().stored())
        .mapToLong(p -> p.entry().certificate().rows())
        .sum();
  }

  /**
   * Returns a message if part of the content belongs into another file, for example after a copy or
   * rename by hand; empty if all of it belongs here.
   */
  String belongsElsewhere(Layout layout, Path file) {
    Path folder = file.getParent();
    String report = layout.reportOf(file);
    LedgerEntry before = null;
    for (StoredPeriod stored : periods.values()) {
      LedgerEntry entry = stored.entry();
      if (before != null && sharesFile(before, entry)) {
        continue;
      }
      before = entry;
      DateGrouping grouping = schema.dateGrouping();
      Path place =
          layout.file(entry.report(), entry.slice().site(), grouping, entry.certificate().period());
      if (!entry.report().equals(report)) {
        return "it contains report " + entry.report();
      }
      if (!place.equals(file)) {
        return "it contains "
            + entry.certificate().period()
            + " of site "
            + entry.slice().site()
            + ", which belongs in "
            + place;
      }
    }
    String folderOfSite = Layout.siteFolder(site);
    boolean below =
        StreamSupport.stream(layout.root().relativize(folder).spliterator(), false)
            .anyMatch(part -> part.toString().equals(folderOfSite));
    return below ? "" : "it contains site " + site;
  }

  /** Returns whether two entries belong into the same file, whatever the date grouping is. */
  private static boolean sharesFile(LedgerEntry a, LedgerEntry b) {
    LocalDate first = a.certificate().period();
    LocalDate second = b.certificate().period();
    return a.report().equals(b.report())
        && a.slice().site().equals(b.slice().site())
        && first.getYear() == second.getYear()
        && first.getMonth() == second.getMonth();
  }

  /**
   * Refuses a report whose grain differs from the file's.
   *
   * @throws SinkException {@code DEFINITION} if it differs
   */
  public void requireGrain(Layout layout, Report report, Path file) {
    if (!FileSchema.sameGrain(report.schema(), schema)) {
      throw new SinkException(
          SinkException.Kind.DEFINITION,
          "report "
              + report.name()
              + " is now grouped by "
              + FileSchema.grain(report.schema())
              + ", but its files are grouped by "
              + FileSchema.grain(schema)
              + " (see "
              + file
              + "): give the report another name, or move "
              + layout.report(report.name())
              + " away and export it again with backfill",
          null);
    }
  }
}
