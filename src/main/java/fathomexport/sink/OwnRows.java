package fathomexport.sink;

import fathomexport.report.Column;
import fathomexport.report.ColumnType;
import fathomexport.report.DateGrouping;
import fathomexport.report.TableSchema;
import fathomexport.report.Window;
import fathomexport.report.rows.RowReader;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Determines the period of each row of a load, and refuses rows that are not the window's own: a
 * row that replaces the window's periods must not affect another window. One instance serves one
 * pass over the rows.
 */
public final class OwnRows {
  private static final long DAY_MICROS = TimeUnit.DAYS.toMicros(1);

  private final Window window;
  private final DateGrouping grouping;
  private final Set<LocalDate> periods;
  private final byte[] slice;
  private final int time;
  private final boolean timestamp;
  private long lastDay;
  private @Nullable LocalDate lastPeriod;

  public OwnRows(WindowLoad load) {
    TableSchema schema = load.report().schema();
    this.window = load.window();
    this.grouping = schema.dateGrouping();
    this.periods = new HashSet<>(window.periods().toList());
    this.slice = slice(window);
    this.time = schema.indexOf(Column.Role.TIME);
    this.timestamp = schema.columns().get(time).type() == ColumnType.TIMESTAMP;
  }

  /** Returns the encoded prefix of all rows of the window's site and event. */
  private static byte[] slice(Window window) {
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
   * Returns the period that a row belongs to. Successive rows of one period get the same instance.
   *
   * @throws SinkException {@code INTEGRITY} if the row does not belong to the window
   */
  public LocalDate period(RowReader row) {
    if (row.prefixLength(time) != slice.length
        || !Arrays.equals(row.bytes(), 0, slice.length, slice, 0, slice.length)) {
      throw foreign("it is of another site or event");
    }
    if (grouping == DateGrouping.NONE
        && row.integer(time + 1) != window.days().last().toEpochDay()) {
      throw foreign("its range ends on another day");
    }
    long at = timestamp ? Math.floorDiv(row.integer(time), DAY_MICROS) : row.integer(time);
    LocalDate period = lastPeriod;
    if (period == null || at != lastDay) {
      period = periodOf(LocalDate.ofEpochDay(at));
      lastDay = at;
      lastPeriod = period;
    }
    return period;
  }

  /** A period of a month or a year is dated by its first day only. */
  private LocalDate periodOf(LocalDate day) {
    if ((grouping != DateGrouping.NONE && !grouping.periodStart(day).equals(day))
        || !periods.contains(day)) {
      throw foreign("its day " + day + " is outside the window");
    }
    return day;
  }

  private SinkException foreign(String why) {
    return new SinkException(
        SinkException.Kind.INTEGRITY,
        "window " + window + " contains a row of another window: " + why + "; nothing was stored",
        null);
  }
}
