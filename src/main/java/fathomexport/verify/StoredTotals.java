package fathomexport.verify;

import fathomexport.certify.PeriodTotals;
import fathomexport.report.Aggregate;
import fathomexport.report.Column;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.Slice;
import fathomexport.report.TableSchema;
import fathomexport.report.rows.RowDigest;
import fathomexport.report.rows.RowReader;
import fathomexport.report.rows.RowSource;
import fathomexport.sink.Sink;
import java.io.IOException;
import java.time.LocalDate;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * The totals of the stored rows.
 *
 * @param digests digests of the periods that have rows
 * @param measures the measures that any row of a period has
 */
record StoredTotals(
    PeriodTotals totals, Map<LocalDate, String> digests, Map<LocalDate, Set<Aggregate>> measures) {
  private static final long MICROS_PER_DAY = TimeUnit.DAYS.toMicros(1);

  /** Returns whether any row of a period has a measure. */
  boolean has(Aggregate measure, LocalDate period) {
    return measures.getOrDefault(period, Set.of()).contains(measure);
  }

  /** Reads the rows of a report and slice, one by one. */
  static StoredTotals read(Report report, Slice slice, Sink sink, DayRange asked)
      throws IOException {
    try (RowSource rows = sink.stored(report, slice, asked)) {
      return read(report, rows, asked);
    }
  }

  private static StoredTotals read(Report report, RowSource rows, DayRange asked)
      throws IOException {
    TableSchema schema = report.schema();
    int time = schema.indexOf(Column.Role.TIME);
    Map<Aggregate, Integer> measures =
        Aggregate.additiveOf(report.entity()).stream()
            .filter(report.aggregates()::contains)
            .collect(Collectors.toMap(a -> a, a -> schema.indexOf(a.apiName())));
    RowReader row = new RowReader(schema);
    PeriodTotals totals = new PeriodTotals();
    Map<LocalDate, RowDigest> digests = new HashMap<>();
    Map<LocalDate, Set<Aggregate>> present = new HashMap<>();
    EnumMap<Aggregate, Long> sums = new EnumMap<>(Aggregate.class);
    while (rows.next()) {
      row.read(rows.buffer(), rows.length());
      if (report.dateGrouping() == DateGrouping.NONE
          && row.integer(time + 1) != asked.last().toEpochDay()) {
        continue;
      }
      LocalDate period = period(report, row.integer(time));
      sums.clear();
      measures.forEach(
          (a, column) -> {
            if (!row.isNull(column)) {
              sums.put(a, row.integer(column));
            }
          });
      totals.add(period, sums);
      present.computeIfAbsent(period, p -> EnumSet.noneOf(Aggregate.class)).addAll(sums.keySet());
      digests.computeIfAbsent(period, p -> new RowDigest(schema)).add(rows.buffer(), rows.length());
    }
    Map<LocalDate, String> texts = new HashMap<>();
    digests.forEach((period, digest) -> texts.put(period, digest.text()));
    return new StoredTotals(totals, texts, present);
  }

  /** Returns the period of a row, from its time column: a day, or microseconds for hours. */
  private static LocalDate period(Report report, long time) {
    return report
        .dateGrouping()
        .periodStart(
            LocalDate.ofEpochDay(
                report.dateGrouping() == DateGrouping.HOUR
                    ? Math.floorDiv(time, MICROS_PER_DAY)
                    : time));
  }
}
