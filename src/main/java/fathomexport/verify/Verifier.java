package fathomexport.verify;

import fathomexport.certify.PeriodTotals;
import fathomexport.fetch.WindowFetcher;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.LedgerException;
import fathomexport.plan.ControlQuery;
import fathomexport.plan.Subject;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.DifferenceCause;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.Slice;
import fathomexport.report.rows.DamagedRowsException;
import fathomexport.run.ExportFailedException;
import fathomexport.run.ExportJob;
import fathomexport.run.FailureKind;
import fathomexport.run.FetchFailedException;
import fathomexport.sink.Damage;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkException;
import fathomexport.sinks.DamagedDays;
import fathomexport.sinks.Sinks;
import java.io.IOException;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Queries the control totals of a range again and compares them with the rows in the sinks, which
 * are read back one by one. Also compares those rows with the ledger's digests, which detect
 * changes that totals do not show. Exports nothing.
 */
final class Verifier {
  private final ExportJob job;
  private final Sinks sinks;
  private final WindowFetcher fetcher;
  private final List<Verification.Difference> differences = new ArrayList<>();
  private final Set<String> damaged = new LinkedHashSet<>();
  private final List<String> failures = new ArrayList<>();
  private final Set<String> notReady = new HashSet<>();
  private final FoundDifferences found;
  private long compared;
  private final Map<String, LocalDate> firstKept;

  /**
   * @param firstKept the first day that is kept, by the names of reports
   * @param found keeps what is found
   */
  Verifier(
      ExportJob job,
      Sinks sinks,
      WindowFetcher fetcher,
      Map<String, LocalDate> firstKept,
      FoundDifferences found) {
    this.found = found;
    this.firstKept = Map.copyOf(firstKept);
    this.job = job;
    this.sinks = sinks;
    this.fetcher = fetcher;
  }

  /**
   * Compares all reports of all subjects.
   *
   * @param range returns the finished days to compare of a subject; empty for none
   * @param requests supplies the number of billed requests so far
   */
  Verification verify(
      List<Subject> subjects, Function<Subject, Optional<DayRange>> range, LongSupplier requests) {
    for (Subject subject : subjects) {
      DayRange finished = range.apply(subject).orElse(null);
      if (finished == null) {
        continue;
      }
      Map<Slice, List<Report>> reports = new LinkedHashMap<>();
      for (Report report : job.reports()) {
        for (Slice slice : subject.slices(report)) {
          reports.computeIfAbsent(slice, s -> new ArrayList<>()).add(report);
        }
      }
      reports.forEach((slice, its) -> verify(slice, its, finished, subject.site()));
    }
    List<String> order = job.reports().stream().map(Report::name).toList();
    differences.sort(Comparator.comparing(d -> order.indexOf(d.report())));
    return new Verification(
        compared,
        sinks.all().stream().map(Sink::name).toList(),
        requests.getAsLong(),
        List.copyOf(differences),
        List.copyOf(damaged),
        List.copyOf(failures),
        notReady.isEmpty() ? FailureKind.TRY_LATER : FailureKind.CONFIGURATION);
  }

  /**
   * Compares all reports of a slice. Those with the same control query are compared together, so
   * that each query is sent once and its totals need not be kept, however many sites there are.
   */
  private void verify(Slice slice, List<Report> reports, DayRange range, Site site) {
    Map<ControlQuery, List<Comparison>> byControl = new LinkedHashMap<>();
    for (Report report : reports) {
      for (Sink sink : sinks.all()) {
        sink.damages(report, List.of(slice.site()), range).stream()
            .map(damage -> DamagedDays.words(damage, job.name(), sinks))
            .forEach(damaged::add);
        unlessDamaged(
            () ->
                Comparison.of(
                        report,
                        sink,
                        stored(report, slice, sink, range),
                        range,
                        firstDay(report, site))
                    .forEach(
                        c ->
                            byControl
                                .computeIfAbsent(
                                    ControlQuery.of(report, slice, c.asked()),
                                    q -> new ArrayList<>())
                                .add(c)));
      }
    }
    Set<String> seen = new HashSet<>();
    byControl.forEach((query, comparisons) -> compare(query, comparisons, site.zone(), seen));
    found.write(slice);
    compared += seen.size();
  }

  private static List<LedgerEntry> stored(Report report, Slice slice, Sink sink, DayRange range) {
    return sink.ledger().entries(report.name(), List.of(slice.site()), range.first()).stream()
        .filter(entry -> entry.slice().equals(slice) && entry.stored())
        .toList();
  }

  /** Returns the first day that an export fetches. */
  private LocalDate firstDay(Report report, Site site) {
    LocalDate kept = firstKept.getOrDefault(report.name(), LocalDate.MIN);
    return kept.isAfter(site.firstDay()) ? kept : site.firstDay();
  }

  /**
   * Runs a step. If it finds a damaged file or table, records that, so that the others are still
   * compared.
   */
  private void unlessDamaged(Runnable step) {
    try {
      step.run();
    } catch (LedgerException e) {
      if (!e.damaged()) {
        throw e;
      }
      damaged.add(String.valueOf(e.getMessage()));
    }
  }

  /**
   * Compares what answers to one control query.
   *
   * @param seen takes the compared periods: one that several sinks hold counts once
   */
  private void compare(
      ControlQuery query, List<Comparison> comparisons, @Nullable ZoneId zone, Set<String> seen) {
    Slice slice = query.slice();
    PeriodTotals control;
    try {
      control = fetcher.control(query, zone);
    } catch (FetchFailedException e) {
      comparisons.stream()
          .map(c -> c.report().name())
          .distinct()
          .forEach(r -> failures.add(r + " " + slice + " " + query.days() + ": " + e.getMessage()));
      return;
    } catch (IOException e) {
      throw new ExportFailedException(
          FailureKind.STORAGE,
          "cannot write the response to the control query to the disk: " + e.getMessage(),
          e);
    }
    CurrentTotals totals = new CurrentTotals(control, zone, comparisons);
    for (Comparison comparison : comparisons) {
      unlessDamaged(() -> unlessNotReady(slice, comparison, totals, seen));
    }
  }

  /** Compares a report, unless its table must be migrated first: the others are compared. */
  private void unlessNotReady(Slice slice, Comparison c, CurrentTotals totals, Set<String> seen) {
    try {
      compare(slice, c, totals, seen);
    } catch (SinkException e) {
      if (e.kind() != SinkException.Kind.DEFINITION) {
        throw e;
      }
      String why = String.valueOf(e.getMessage());
      if (!notReady.contains(why)) {
        notReady.add(why);
        failures.add(c.report().name() + ": " + why);
      }
    }
  }

  private void compare(Slice slice, Comparison c, CurrentTotals totals, Set<String> seen) {
    StoredTotals stored;
    try {
      stored = StoredTotals.read(c.report(), slice, c.sink(), c.asked());
    } catch (DamagedRowsException e) {
      damaged(slice, c, e, totals, seen);
      return;
    } catch (IOException e) {
      throw new ExportFailedException(
          FailureKind.STORAGE,
          "cannot read the rows in " + c.sink().name() + ": " + e.getMessage(),
          e);
    }
    for (DayRange period : c.periods()) {
      seen.add(c.nameOf(period));
      found.compared(c.sink(), c.report(), period);
      new PeriodComparison(c, period, stored, totals)
          .differences()
          .forEach(number -> differs(slice, c, period, number));
    }
  }

  /**
   * Records the damage that reading rows has met. What lies in several files is compared file by
   * file, so that only the damaged one is not.
   */
  private void damaged(
      Slice slice,
      Comparison c,
      DamagedRowsException damage,
      CurrentTotals totals,
      Set<String> seen) {
    List<Comparison> byFile = c.byFile();
    if (byFile.size() > 1) {
      byFile.forEach(ofFile -> compare(slice, ofFile, totals, seen));
      return;
    }
    boolean isPartitioned = c.report().dateGrouping() != DateGrouping.NONE;
    String words =
        DamagedDays.words(
            Damage.of(
                damage,
                c.report().name(),
                slice.site(),
                isPartitioned ? c.daysOfFile() : c.asked()),
            job.name(),
            sinks);
    damaged.add(words);
    for (DayRange period : c.periods()) {
      found.compared(c.sink(), c.report(), period);
      found.differs(c.sink(), c.report(), period, DifferenceCause.DAMAGED, words);
    }
    differs(slice, c, c.periods().get(0), DifferingNumber.contents(DifferenceCause.DAMAGED));
  }

  /** Records a number that differs. */
  private void differs(Slice slice, Comparison c, DayRange period, DifferingNumber number) {
    found.differs(c.sink(), c.report(), period, number.cause(), null);
    differences.add(
        new Verification.Difference(
            c.report().name(),
            slice.site().value(),
            slice.event(),
            c.sink().name(),
            period.first(),
            number.measure(),
            number.stored(),
            number.expected(),
            number.cause()));
  }
}
