package fathomexport.sink.parquet.file;

import fathomexport.report.Column;
import fathomexport.report.ColumnType;
import fathomexport.report.DateGrouping;
import fathomexport.report.TableSchema;
import fathomexport.report.rows.RowReader;
import java.time.LocalDate;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Determines the period of each row. Rows come in order, so the last period is cached. */
public final class RowTime {
  private static final long DAY_MICROS = TimeUnit.DAYS.toMicros(1);

  private final DateGrouping grouping;
  private final int column;
  private final boolean timestamp;
  private long lastDay;
  private @Nullable LocalDate lastPeriod;

  public RowTime(TableSchema schema) {
    this.grouping = schema.dateGrouping();
    this.column = schema.indexOf(Column.Role.TIME);
    this.timestamp = schema.columns().get(column).type() == ColumnType.TIMESTAMP;
  }

  /** Returns the row's period. */
  public LocalDate period(RowReader row) {
    long time = row.integer(column);
    long day = timestamp ? Math.floorDiv(time, DAY_MICROS) : time;
    LocalDate period = lastPeriod;
    if (period == null || day != lastDay) {
      period = grouping.periodStart(LocalDate.ofEpochDay(day));
      lastDay = day;
      lastPeriod = period;
    }
    return period;
  }

  /** Returns the last day of the row's range without date grouping, otherwise its period. */
  public LocalDate rangeEnd(RowReader row) {
    return grouping == DateGrouping.NONE
        ? LocalDate.ofEpochDay(row.integer(column + 1))
        : period(row);
  }
}
