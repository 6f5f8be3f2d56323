package fathomexport.sink.parquet;

import fathomexport.dimension.EventRow;
import fathomexport.dimension.SiteRow;
import fathomexport.dimension.SiteSpan;
import fathomexport.report.Column;
import fathomexport.report.ColumnType;
import fathomexport.report.DateGrouping;
import fathomexport.report.Milestone;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.TableSchema;
import fathomexport.report.rows.RowReader;
import fathomexport.report.rows.RowWriter;
import fathomexport.sink.Refusals;
import fathomexport.sink.SinkException;
import fathomexport.sink.parquet.file.DurableFiles;
import fathomexport.sink.parquet.file.Layout;
import fathomexport.sink.parquet.file.RowFileReader;
import fathomexport.sink.parquet.file.RowFileWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.parquet.filter2.compat.FilterCompat;
import org.jspecify.annotations.Nullable;

/**
 * The dimensions as files: {@code <root>/<table>/data.parquet}, one file per table, with the
 * columns of the PostgreSQL tables. Only {@code domains} differs: a text with commas between the
 * domains, which every engine reads, instead of an array.
 */
final class DimensionFiles {
  static final TableSchema SITE =
      table(
          "site",
          key("site_id", ColumnType.TEXT),
          value("name", ColumnType.TEXT),
          value("time_zone", ColumnType.TEXT),
          value("created_at", ColumnType.INSTANT),
          value("domains", ColumnType.TEXT),
          key("first_seen_at", ColumnType.INSTANT),
          key("last_seen_at", ColumnType.INSTANT),
          value("account", ColumnType.TEXT));
  static final TableSchema HISTORY =
      table(
          "site_history",
          key("site_id", ColumnType.TEXT),
          value("name", ColumnType.TEXT),
          value("time_zone", ColumnType.TEXT),
          key("valid_from", ColumnType.INSTANT),
          value("valid_to", ColumnType.INSTANT));
  static final TableSchema EVENT =
      table(
          "event",
          key("site_id", ColumnType.TEXT),
          key("event_name", ColumnType.TEXT),
          value("currency", ColumnType.TEXT),
          key("first_seen_at", ColumnType.INSTANT),
          key("last_seen_at", ColumnType.INSTANT));
  static final TableSchema MILESTONE =
      table(
          "milestone",
          key("site_id", ColumnType.TEXT),
          key("milestone_id", ColumnType.TEXT),
          key("date", ColumnType.DATE),
          key("name", ColumnType.TEXT));
  static final List<TableSchema> ALL = List.of(SITE, HISTORY, EVENT, MILESTONE);

  private static final String SEPARATOR = ",";

  private final Layout layout;

  DimensionFiles(Layout layout) {
    this.layout = layout;
  }

  private static TableSchema table(String name, Column... columns) {
    return new TableSchema(name, DateGrouping.NONE, List.of(columns));
  }

  /** Returns a column that is never null. */
  private static Column key(String name, ColumnType type) {
    return new Column(name, type, false, Column.Role.FIELD);
  }

  private static Column value(String name, ColumnType type) {
    return new Column(name, type, true, Column.Role.FIELD);
  }

  /**
   * Checks that no report's files stand where the dimensions belong. An earlier version allowed a
   * report to have such a name.
   *
   * @throws SinkException {@code DEFINITION}, with the remedy
   */
  static void requireFreeNames(Layout layout) throws IOException {
    List<String> refusals = new ArrayList<>();
    for (String name : Report.DIMENSIONS.stream().sorted().toList()) {
      Path folder = layout.report(name);
      if (!layout.hasSites(name)) {
        continue;
      }
      Path other = layout.report(name + "_daily");
      refusals.add(
          "report "
              + name
              + ": its files in "
              + folder
              + " have a name that fathom-export needs for one of its tables. Rename the report;"
              + " nothing of it is lost: mv "
              + folder
              + " "
              + other
              + ", and write name: "
              + other.getFileName()
              + " in its pipeline");
    }
    if (!refusals.isEmpty()) {
      throw new SinkException(SinkException.Kind.DEFINITION, Refusals.onOneLine(refusals), null);
    }
  }

  Path file(TableSchema table) {
    return layout.report(table.name()).resolve(Layout.DATA);
  }

  List<SiteRow> sites() throws IOException {
    return read(
        SITE,
        r -> {
          String domains = r.text(4);
          return new SiteRow(
              new SiteId(text(r, 0)),
              r.text(1),
              r.text(2),
              instantOrNull(r, 3),
              domains == null ? List.of() : List.of(domains.split(SEPARATOR, -1)),
              instant(r, 5),
              instant(r, 6),
              r.text(7));
        });
  }

  List<SiteSpan> history() throws IOException {
    return read(
        HISTORY,
        r ->
            new SiteSpan(
                new SiteId(text(r, 0)), r.text(1), r.text(2), instant(r, 3), instantOrNull(r, 4)));
  }

  List<EventRow> events() throws IOException {
    return read(
        EVENT,
        r ->
            new EventRow(
                new Slice(new SiteId(text(r, 0)), text(r, 1)),
                r.text(2),
                instant(r, 3),
                instant(r, 4)));
  }

  /** Returns the milestones, each with its site. */
  List<Map.Entry<SiteId, Milestone>> milestones() throws IOException {
    return read(
        MILESTONE,
        r ->
            Map.entry(
                new SiteId(text(r, 0)),
                new Milestone(text(r, 1), LocalDate.ofEpochDay(r.integer(2)), text(r, 3))));
  }

  void writeSites(Iterable<SiteRow> rows) throws IOException {
    write(
        SITE,
        rows,
        (row, s) -> {
          row.text(s.id().value());
          row.text(s.name());
          row.text(s.zone());
          instant(row, s.createdAt());
          row.text(s.domains().isEmpty() ? null : String.join(SEPARATOR, s.domains()));
          instant(row, s.firstSeenAt());
          instant(row, s.lastSeenAt());
          row.text(s.account());
        });
  }

  void writeHistory(Iterable<SiteSpan> rows) throws IOException {
    write(
        HISTORY,
        rows,
        (row, s) -> {
          row.text(s.site().value());
          row.text(s.name());
          row.text(s.zone());
          instant(row, s.validFrom());
          instant(row, s.validTo());
        });
  }

  void writeEvents(Iterable<EventRow> rows) throws IOException {
    write(
        EVENT,
        rows,
        (row, e) -> {
          row.text(e.event().site().value());
          row.text(e.event().eventKey());
          row.text(e.currency());
          instant(row, e.firstSeenAt());
          instant(row, e.lastSeenAt());
        });
  }

  void writeMilestones(Iterable<Map.Entry<SiteId, Milestone>> rows) throws IOException {
    write(
        MILESTONE,
        rows,
        (row, e) -> {
          row.text(e.getKey().value());
          row.text(e.getValue().id());
          row.integer(e.getValue().date().toEpochDay());
          row.text(e.getValue().name());
        });
  }

  // --- Files

  private interface Decoder<T> {
    T row(RowReader row);
  }

  private interface Encoder<T> {
    void row(RowWriter row, T value);
  }

  private <T> List<T> read(TableSchema table, Decoder<T> decoder) throws IOException {
    Path file = file(table);
    List<T> rows = new ArrayList<>();
    if (!Files.exists(file)) {
      return rows;
    }
    RowReader row = new RowReader(table);
    try (RowFileReader source = new RowFileReader(file, table, FilterCompat.NOOP)) {
      while (source.next()) {
        rows.add(decoder.row(row.read(source.buffer(), source.length())));
      }
    }
    return rows;
  }

  /** Replaces a table's file by one with these rows, in the order of their bytes. */
  private <T> void write(TableSchema table, Iterable<T> values, Encoder<T> encoder)
      throws IOException {
    RowWriter writer = new RowWriter(table);
    List<byte[]> rows = new ArrayList<>();
    for (T value : values) {
      writer.reset();
      encoder.row(writer, value);
      rows.add(writer.toBytes());
    }
    rows.sort(Arrays::compareUnsigned);
    Path file = file(table);
    DurableFiles.createParent(file);
    Path temporary = DurableFiles.temporary(file);
    try {
      RowReader row = new RowReader(table);
      try (RowFileWriter out = new RowFileWriter(temporary, table, Map::of)) {
        for (byte[] bytes : rows) {
          out.write(row.read(bytes, bytes.length));
        }
      }
      DurableFiles.replace(temporary, file);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  private static String text(RowReader row, int column) {
    String text = row.text(column);
    if (text == null) {
      throw new IllegalArgumentException("column " + column + " is null");
    }
    return text;
  }

  private static Instant instant(RowReader row, int column) {
    return Instant.EPOCH.plus(row.integer(column), ChronoUnit.MICROS);
  }

  private static @Nullable Instant instantOrNull(RowReader row, int column) {
    return row.isNull(column) ? null : instant(row, column);
  }

  private static void instant(RowWriter row, @Nullable Instant at) {
    if (at == null) {
      row.putNull();
    } else {
      row.integer(ChronoUnit.MICROS.between(Instant.EPOCH, at));
    }
  }
}
