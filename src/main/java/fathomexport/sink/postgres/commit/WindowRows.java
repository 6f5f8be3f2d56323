package fathomexport.sink.postgres.commit;

import fathomexport.report.Column;
import fathomexport.report.DateGrouping;
import fathomexport.report.TableSchema;
import fathomexport.report.Window;
import fathomexport.report.rows.RowReader;
import fathomexport.report.rows.RowSource;
import fathomexport.sink.SinkException;
import fathomexport.sink.WindowLoad;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/** A load's rows on their way into a table: those of the periods that are to be stored. */
final class WindowRows {
  private static final long MICROS_PER_DAY = 86_400_000_000L;

  private final WindowLoad load;
  private final TableSchema schema;
  private final int time;
  private final byte[] prefix;

  WindowRows(WindowLoad load) {
    this.load = load;
    this.schema = load.report().schema();
    this.time = schema.indexOf(Column.Role.TIME);
    this.prefix = prefix(load.window());
  }

  /** How a row of the window's slice begins. */
  private static byte[] prefix(Window window) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    text(out, window.slice().site().value());
    String event = window.slice().event();
    if (event != null) {
      text(out, event);
    }
    return out.toByteArray();
  }

  private static void text(ByteArrayOutputStream out, String value) {
    out.write(1);
    out.writeBytes(value.getBytes(StandardCharsets.UTF_8));
    out.write(0);
  }

  /**
   * Copies the rows of these periods into the table.
   *
   * @return the periods that rows were copied of
   * @throws SinkException {@code INTEGRITY} when a row is not the window's
   * @throws IOException when the spool cannot be read
   */
  SortedSet<LocalDate> copyInto(Connection connection, String table, Set<LocalDate> periods)
      throws SQLException, IOException {
    Set<LocalDate> known = new HashSet<>(load.window().periods().toList());
    SortedSet<LocalDate> copied = new TreeSet<>();
    RowReader reader = new RowReader(schema);
    BinaryCopy copy = new BinaryCopy(connection, table, schema);
    boolean finished = false;
    try (RowSource rows = load.rows().read()) {
      long day = Long.MIN_VALUE;
      boolean wanted = false;
      while (rows.next()) {
        reader.read(rows.buffer(), rows.length());
        requireSlice(reader);
        long at = day(reader);
        if (at != day) {
          day = at;
          LocalDate period = period(LocalDate.ofEpochDay(at));
          if (!known.contains(period)) {
            throw foreign("its day " + period + " is not the window's");
          }
          wanted = periods.contains(period);
          if (wanted) {
            copied.add(period);
          }
        }
        requireRange(reader);
        if (wanted) {
          copy.row(reader);
        }
      }
      copy.finish();
      finished = true;
    } finally {
      if (!finished) {
        copy.cancel();
      }
    }
    return copied;
  }

  private long day(RowReader row) {
    return schema.dateGrouping() == DateGrouping.HOUR
        ? Math.floorDiv(row.integer(time), MICROS_PER_DAY)
        : row.integer(time);
  }

  /** Of a month or year only the first day is a period's date. */
  private LocalDate period(LocalDate day) {
    return schema.dateGrouping() == DateGrouping.NONE
            || schema.dateGrouping().periodStart(day).equals(day)
        ? day
        : LocalDate.MIN;
  }

  private void requireSlice(RowReader row) {
    if (row.prefixLength(time) != prefix.length
        || !Arrays.equals(row.bytes(), 0, prefix.length, prefix, 0, prefix.length)) {
      throw foreign("it is another slice's");
    }
  }

  private void requireRange(RowReader row) {
    if (schema.dateGrouping() == DateGrouping.NONE
        && row.integer(time + 1) != load.window().days().last().toEpochDay()) {
      throw foreign("its range ends on another day");
    }
  }

  private SinkException foreign(String why) {
    return new SinkException(
        SinkException.Kind.INTEGRITY,
        "window " + load.window() + " holds a row that is not its own: " + why,
        null);
  }
}
