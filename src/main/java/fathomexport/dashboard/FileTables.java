package fathomexport.dashboard;

import fathomexport.report.Column;
import fathomexport.report.ColumnType;
import fathomexport.report.DateGrouping;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.TableSchema;
import fathomexport.report.rows.RowReader;
import fathomexport.sink.parquet.file.Layout;
import fathomexport.sink.parquet.file.RowFileReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads the tables that the Parquet files hold: reports, sites and events. */
final class FileTables {
  static final TableSchema SITE = table("site", "site_id", "name", "time_zone");
  static final TableSchema EVENT = table("event", "site_id", "event_name", "currency");
  static final TableSchema SITE_SEEN = seen("site", "site_id");
  static final TableSchema EVENT_SEEN = seen("event", "site_id", "event_name");

  private final Layout layout;

  FileTables(Path root) {
    this.layout = new Layout(root);
  }

  Layout layout() {
    return layout;
  }

  /** Describes a column that is read. */
  static Column column(String name, ColumnType type) {
    return new Column(name, type, true, Column.Role.FIELD);
  }

  private static TableSchema table(String name, String... columns) {
    return new TableSchema(
        name, DateGrouping.NONE, Stream.of(columns).map(c -> column(c, ColumnType.TEXT)).toList());
  }

  /** The names of a table, and when it was last listed. */
  private static TableSchema seen(String name, String... columns) {
    return new TableSchema(
        name,
        DateGrouping.NONE,
        Stream.concat(
                Stream.of(columns).map(c -> column(c, ColumnType.TEXT)),
                Stream.of(column("last_seen_at", ColumnType.INSTANT)))
            .toList());
  }

  /** Takes over what it needs of a row, which is the same object for all rows. */
  interface RowTaker {
    void take(RowReader row) throws IOException;
  }

  /** Reads all rows of a file. */
  static void read(Path file, TableSchema schema, RowTaker taker) throws IOException {
    RowReader cells = new RowReader(schema);
    try (RowFileReader rows = new RowFileReader(file, schema)) {
      while (rows.next()) {
        taker.take(cells.read(rows.buffer(), rows.length()));
      }
    }
  }

  /** Reads a table of what ids stand for, if a run has written it. */
  void dimension(TableSchema schema, RowTaker taker) throws IOException {
    Path file = layout.root().resolve(schema.name()).resolve(Layout.DATA);
    if (Files.isRegularFile(file)) {
      read(file, schema, taker);
    }
  }

  /** Reads the rows of a report from a day on, of these sites. */
  void rows(Report report, Set<String> sites, LocalDate from, RowTaker taker) throws IOException {
    TableSchema schema = report.schema();
    int time = schema.indexOf(Column.Role.TIME);
    List<SiteId> ids = sites.stream().sorted().map(SiteId::new).toList();
    if (ids.isEmpty()) {
      return;
    }
    for (Path file : layout.files(report.name(), ids, from, LocalDate.MAX)) {
      read(
          file,
          schema,
          row -> {
            if (!LocalDate.ofEpochDay(row.integer(time)).isBefore(from)) {
              taker.take(row);
            }
          });
    }
  }

  /** Returns a text, empty if there is none. */
  static String text(RowReader row, int column) {
    return Objects.requireNonNullElse(row.text(column), "");
  }

  /** Returns a number; null if there is none, or no such column. */
  static @Nullable Long count(RowReader row, int column) {
    return column < 0 || row.isNull(column) ? null : Long.valueOf(row.integer(column));
  }

  /** Returns a time, the beginning of time if there is none. */
  static Instant instant(RowReader row, int column) {
    return row.isNull(column)
        ? Instant.MIN
        : Instant.EPOCH.plus(row.integer(column), ChronoUnit.MICROS);
  }
}
