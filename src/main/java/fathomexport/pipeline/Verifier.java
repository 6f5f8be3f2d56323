package fathomexport.pipeline;

import fathomexport.certify.PeriodTotals;
import fathomexport.ledger.LedgerEntry;
import fathomexport.plan.ControlQuery;
import fathomexport.plan.Subject;
import fathomexport.report.Aggregate;
import fathomexport.report.Column;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.Slice;
import fathomexport.report.TableSchema;
import fathomexport.report.rows.RowReader;
import fathomexport.report.rows.RowSource;
import fathomexport.sink.Sink;
import java.io.IOException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Asks the control totals of a range again and compares them with the rows that lie in the sinks,
 * read back one by one. Exports nothing.
 */
final class Verifier {
  private static final long MICROS_A_DAY = TimeUnit.DAYS.toMicros(1);

  private final ExportJob job;
  private final DayRange days;
  private final Sinks sinks;
  private final WindowFetcher fetcher;
  private final List<Verification.Difference> differences = new ArrayList<>();
  private final List<String> failures = new ArrayList<>();
  private long compared;

  Verifier(ExportJob job, DayRange days, Sinks sinks, WindowFetcher fetcher) {
    this.job = job;
    this.days = days;
    this.sinks = sinks;
    this.fetcher = fetcher;
  }

  /**
   * Compares everything.
   *
   * @param over the last finished day of a subject's site
   */
  Verification verify(
      List<Subject> subjects, Function<Subject, LocalDate> over, RequestCount requests) {
    for (Report report : job.reports()) {
      for (Subject subject : subjects) {
        LocalDate last = over.apply(subject);
        if (days.first().isAfter(last)) {
          continue;
        }
        DayRange finished =
            new DayRange(days.first(), days.last().isAfter(last) ? last : days.last());
        for (Slice slice : subject.slices(report)) {
          for (Sink sink : sinks.all()) {
            compare(report, slice, sink, finished);
          }
        }
      }
    }
    return new Verification(
        compared, requests.sent(), List.copyOf(differences), List.copyOf(failures));
  }

  /** Counts requests that are billed. */
  interface RequestCount {
    long sent();
  }

  private void compare(Report report, Slice slice, Sink sink, DayRange range) {
    Map<String, LedgerEntry> held = new LinkedHashMap<>();
    for (LedgerEntry entry :
        sink.ledger().entries(report.name(), List.of(slice.site()), range.first())) {
      if (entry.slice().equals(slice) && entry.stored()) {
        held.put(key(report, entry.certificate().period(), entry.certificate().coversTo()), entry);
      }
    }
    if (report.dateGrouping() == DateGrouping.NONE) {
      held.values().stream()
          .map(e -> new DayRange(e.certificate().period(), e.certificate().coversTo()))
          .filter(range::contains)
          .forEach(r -> compare(report, slice, sink, held, r, List.of(r)));
      return;
    }
    List<DayRange> periods =
        range
            .periods(report.dateGrouping())
            .map(p -> measured(report, range, held.get(key(report, p, p)), p))
            .toList();
    DayRange asked = new DayRange(periods.get(0).first(), periods.get(periods.size() - 1).last());
    compare(report, slice, sink, held, asked, periods);
  }

  /** The days of a period that are stored, or else that are over. */
  private static DayRange measured(
      Report report, DayRange range, @Nullable LedgerEntry entry, LocalDate period) {
    if (entry != null) {
      return new DayRange(period, entry.certificate().coversTo());
    }
    LocalDate end = report.dateGrouping().periodEnd(period);
    return new DayRange(period, end.isAfter(range.last()) ? range.last() : end);
  }

  private static String key(Report report, LocalDate period, LocalDate coversTo) {
    return report.dateGrouping() == DateGrouping.NONE
        ? period + ".." + coversTo
        : period.toString();
  }

  private void compare(
      Report report,
      Slice slice,
      Sink sink,
      Map<String, LedgerEntry> held,
      DayRange asked,
      List<DayRange> periods) {
    try {
      PeriodTotals control = fetcher.control(ControlQuery.of(report, slice, asked));
      PeriodTotals stored = stored(report, slice, sink, asked);
      for (DayRange period : periods) {
        compared++;
        LedgerEntry entry = held.get(key(report, period.first(), period.last()));
        one(report, slice, sink, period.first(), entry, stored, control);
      }
    } catch (FetchFailedException e) {
      failures.add(report.name() + " " + slice + " " + asked + ": " + e.getMessage());
    } catch (IOException e) {
      throw new ExportFailedException(
          FailureKind.STORAGE, "cannot read what " + sink.name() + " holds: " + e.getMessage(), e);
    }
  }

  private void one(
      Report report,
      Slice slice,
      Sink sink,
      LocalDate period,
      @Nullable LedgerEntry entry,
      PeriodTotals stored,
      PeriodTotals control) {
    PeriodTotals.Total mine = stored.of(period);
    PeriodTotals.Total theirs = control.of(period);
    for (Aggregate measure : Aggregate.additiveOf(report.entity())) {
      Long sum =
          entry == null
              ? null
              : report.aggregates().contains(measure)
                  ? Long.valueOf(mine.sum(measure))
                  // Not a column of the table: what the certificate says was summed.
                  : entry.certificate().sums().getOrDefault(measure, 0L);
      if (sum == null ? theirs.sum(measure) != 0 : sum != theirs.sum(measure)) {
        add(report, slice, sink, period, measure.apiName(), sum, theirs.sum(measure));
      }
    }
    if (entry != null && mine.rows() != entry.certificate().rows()) {
      add(report, slice, sink, period, "rows", mine.rows(), entry.certificate().rows());
    }
  }

  private void add(
      Report report,
      Slice slice,
      Sink sink,
      LocalDate period,
      String measure,
      @Nullable Long stored,
      long expected) {
    differences.add(
        new Verification.Difference(
            report.name(),
            slice.site().value(),
            slice.event(),
            sink.name(),
            period,
            measure,
            stored,
            expected));
  }

  /** Sums over the rows that lie there. */
  private static PeriodTotals stored(Report report, Slice slice, Sink sink, DayRange asked)
      throws IOException {
    TableSchema schema = report.schema();
    int time = schema.indexOf(Column.Role.TIME);
    Map<Aggregate, Integer> measures =
        Aggregate.additiveOf(report.entity()).stream()
            .filter(report.aggregates()::contains)
            .collect(Collectors.toMap(a -> a, a -> schema.indexOf(a.apiName())));
    RowReader row = new RowReader(schema);
    PeriodTotals totals = new PeriodTotals();
    try (RowSource rows = sink.stored(report, slice, asked)) {
      while (rows.next()) {
        row.read(rows.buffer(), rows.length());
        if (report.dateGrouping() == DateGrouping.NONE
            && row.integer(time + 1) != asked.last().toEpochDay()) {
          continue;
        }
        long value = row.integer(time);
        long day =
            report.dateGrouping() == DateGrouping.HOUR ? Math.floorDiv(value, MICROS_A_DAY) : value;
        EnumMap<Aggregate, Long> sums = new EnumMap<>(Aggregate.class);
        measures.forEach(
            (a, column) -> {
              if (!row.isNull(column)) {
                sums.put(a, row.integer(column));
              }
            });
        totals.add(LocalDate.ofEpochDay(day), sums);
      }
    }
    return totals;
  }
}
