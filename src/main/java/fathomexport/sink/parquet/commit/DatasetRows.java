package fathomexport.sink.parquet.commit;

import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.Slice;
import fathomexport.report.TableSchema;
import fathomexport.report.rows.RowReader;
import fathomexport.report.rows.RowSource;
import fathomexport.sink.parquet.file.RowFileReader;
import fathomexport.sink.parquet.file.RowTime;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Iterator;
import java.util.List;
import org.apache.parquet.filter2.compat.FilterCompat;
import org.apache.parquet.filter2.predicate.FilterApi;
import org.apache.parquet.io.api.Binary;
import org.jspecify.annotations.Nullable;

/** Streams a slice's rows from one file after the other, with a report's columns. */
public final class DatasetRows implements RowSource {
  private final TableSchema schema;
  private final FilterCompat.Filter filter;
  private final DayRange days;
  private final RowReader reader;
  private final RowTime time;
  private final Iterator<Path> files;
  private @Nullable RowFileReader current;

  /**
   * @param files the files in the order of their periods
   */
  public DatasetRows(Report report, Slice slice, DayRange days, List<Path> files) {
    this.schema = report.schema();
    this.filter =
        slice.event() == null
            ? FilterCompat.NOOP
            : FilterCompat.get(
                FilterApi.eq(
                    FilterApi.binaryColumn("event_name"), Binary.fromString(slice.event())));
    DateGrouping grouping = report.dateGrouping();
    this.days = new DayRange(grouping.periodStart(days.first()), days.last());
    this.reader = new RowReader(schema);
    this.time = new RowTime(schema);
    this.files = files.iterator();
  }

  @Override
  public boolean next() throws IOException {
    while (true) {
      RowFileReader file = current;
      if (file == null) {
        if (!files.hasNext()) {
          return false;
        }
        current = new RowFileReader(files.next(), schema, filter);
        continue;
      }
      while (file.next()) {
        reader.read(file.buffer(), file.length());
        LocalDate period = time.period(reader);
        if (days.contains(period) && !time.rangeEnd(reader).isAfter(days.last())) {
          return true;
        }
      }
      file.close();
      current = null;
    }
  }

  @Override
  public byte[] buffer() {
    return file().buffer();
  }

  @Override
  public int length() {
    return file().length();
  }

  private RowFileReader file() {
    if (current == null) {
      throw new IllegalStateException("not at a row");
    }
    return current;
  }

  @Override
  public void close() throws IOException {
    if (current != null) {
      current.close();
      current = null;
    }
  }
}
