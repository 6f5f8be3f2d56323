package fathomexport.verify;

import fathomexport.certify.PeriodTotals;
import fathomexport.fetch.WindowFetcher;
import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.LedgerException;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.plan.ControlQuery;
import fathomexport.plan.Subject;
import fathomexport.report.Aggregate;
import fathomexport.report.Column;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.DifferenceCause;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.Slice;
import fathomexport.report.TableSchema;
import fathomexport.report.rows.DamagedRowsException;
import fathomexport.report.rows.RowDigest;
import fathomexport.report.rows.RowReader;
import fathomexport.report.rows.RowSource;
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
import java.time.YearMonth;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Queries the control totals of a range again and compares them with the rows in the sinks, which
 * are read back one by one. Also compares those rows with the ledger's digests, which detect
 * changes that totals do not show. Exports nothing.
 */
final class Verifier {
  private static final long MICROS_PER_DAY = TimeUnit.DAYS.toMicros(1);

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
                comparisons(report, slice, sink, range, firstDay(report, site))
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
   * What one sink holds for one report and slice, to be compared with the totals of one control
   * query.
   *
   * @param held the stored periods, by their {@link #key}
   * @param asked the days of the control query
   */
  private record Comparison(
      Report report,
      Sink sink,
      Map<String, LedgerEntry> held,
      DayRange asked,
      List<DayRange> periods) {}

  /**
   * Returns what a sink is to hold for a report and slice.
   *
   * @param firstDay the first day that an export fetches. Earlier periods are compared only if they
   *     are stored: others are missing for good, and a request for them would be billed in vain.
   */
  private static List<Comparison> comparisons(
      Report report, Slice slice, Sink sink, DayRange range, LocalDate firstDay) {
    Map<String, LedgerEntry> held = new LinkedHashMap<>();
    for (LedgerEntry entry :
        sink.ledger().entries(report.name(), List.of(slice.site()), range.first())) {
      if (entry.slice().equals(slice) && entry.stored()) {
        held.put(key(report, entry.certificate().period(), entry.certificate().coversTo()), entry);
      }
    }
    if (report.dateGrouping() == DateGrouping.NONE) {
      return held.values().stream()
          .map(e -> new DayRange(e.certificate().period(), e.certificate().coversTo()))
          .filter(range::contains)
          .map(r -> new Comparison(report, sink, held, r, List.of(r)))
          .toList();
    }
    List<DayRange> periods =
        range
            .periods(report.dateGrouping())
            .filter(
                p ->
                    held.containsKey(key(report, p, p))
                        || !report.dateGrouping().periodEnd(p).isBefore(firstDay))
            .map(p -> measured(report, range, held.get(key(report, p, p)), p))
            .toList();
    if (periods.isEmpty()) {
      return List.of();
    }
    DayRange asked = new DayRange(periods.get(0).first(), periods.get(periods.size() - 1).last());
    return List.of(new Comparison(report, sink, held, asked, periods));
  }

  /** Returns the days of a period that are stored. If none are, returns those that are over. */
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
    Totals totals = new Totals(control, zone, comparisons);
    for (Comparison comparison : comparisons) {
      unlessDamaged(() -> unlessNotReady(slice, comparison, totals, seen));
    }
  }

  /**
   * What the API reports now.
   *
   * @param zone the time zone that it counts in
   * @param comparisons all that is compared with it, of every sink
   */
  private record Totals(PeriodTotals control, @Nullable ZoneId zone, List<Comparison> comparisons) {
    /** Returns whether the ledger of another sink says that it holds what the API reports. */
    boolean areThoseOfAnotherSink(Report report, Sink sink, DayRange period) {
      return comparisons.stream()
          .filter(c -> c.report().equals(report) && c.sink() != sink)
          .flatMap(
              c -> Stream.ofNullable(c.held().get(key(c.report(), period.first(), period.last()))))
          .map(LedgerEntry::certificate)
          .filter(c -> c.coversTo().equals(period.last()))
          .anyMatch(
              c ->
                  Aggregate.additiveOf(report.entity()).stream()
                      .allMatch(
                          a -> c.sums().getOrDefault(a, 0L) == control.of(period.first()).sum(a)));
    }
  }

  /** Compares a report, unless its table must be migrated first: the others are compared. */
  private void unlessNotReady(Slice slice, Comparison c, Totals totals, Set<String> seen) {
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

  private void compare(Slice slice, Comparison c, Totals totals, Set<String> seen) {
    Stored stored;
    try {
      stored = stored(c.report(), slice, c.sink(), c.asked());
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
      seen.add(c.report().name() + " " + key(c.report(), period.first(), period.last()));
      LedgerEntry entry = c.held().get(key(c.report(), period.first(), period.last()));
      found.compared(c.sink(), c.report(), period);
      one(new Found(c.report(), slice, c.sink(), period), entry, stored, totals);
    }
  }

  /**
   * Records the damage that reading rows has met. What lies in several files is compared file by
   * file, so that only the damaged one is not.
   */
  private void damaged(
      Slice slice, Comparison c, DamagedRowsException damage, Totals totals, Set<String> seen) {
    Map<DayRange, List<DayRange>> byFile =
        c.periods().stream()
            .collect(
                Collectors.groupingBy(
                    p -> together(c.report(), p.first()), LinkedHashMap::new, Collectors.toList()));
    if (byFile.size() > 1) {
      for (List<DayRange> periods : byFile.values()) {
        DayRange asked =
            new DayRange(periods.get(0).first(), periods.get(periods.size() - 1).last());
        compare(
            slice, new Comparison(c.report(), c.sink(), c.held(), asked, periods), totals, seen);
      }
      return;
    }
    boolean isPartitioned = c.report().dateGrouping() != DateGrouping.NONE;
    String words =
        DamagedDays.words(
            Damage.of(
                damage,
                c.report().name(),
                slice.site(),
                isPartitioned ? byFile.keySet().iterator().next() : c.asked()),
            job.name(),
            sinks);
    damaged.add(words);
    for (DayRange period : c.periods()) {
      found.compared(c.sink(), c.report(), period);
      found.differs(c.sink(), c.report(), period, DifferenceCause.DAMAGED, words);
    }
    new Found(c.report(), slice, c.sink(), c.periods().get(0))
        .add("contents", null, null, DifferenceCause.DAMAGED);
  }

  /** Returns the days that share a file: those of a month, or of a year. */
  private static DayRange together(Report report, LocalDate day) {
    return switch (report.dateGrouping()) {
      case HOUR, DAY -> new DayRange(day.withDayOfMonth(1), YearMonth.from(day).atEndOfMonth());
      case MONTH, YEAR, NONE ->
          new DayRange(day.withDayOfYear(1), day.withMonth(12).withDayOfMonth(31));
    };
  }

  private static void one(
      Found differing, @Nullable LedgerEntry entry, Stored stored, Totals totals) {
    Report report = differing.report;
    LocalDate period = differing.period.first();
    PeriodTotals.Total mine = stored.totals().of(period);
    PeriodTotals.Total theirs = totals.control().of(period);
    PeriodCertificate certificate = entry == null ? null : entry.certificate();
    long exported = certificate == null ? 0 : certificate.rows();
    boolean changed = mine.rows() != exported;
    if (changed) {
      differing.add("rows", mine.rows(), exported, DifferenceCause.CHANGED_IN_STORAGE);
    }
    for (Aggregate measure : Aggregate.additiveOf(report.entity())) {
      long now = theirs.sum(measure);
      if (entry == null || certificate == null) {
        if (now != 0) {
          differing.add(measure.apiName(), null, now, DifferenceCause.NEVER_EXPORTED);
        }
        continue;
      }
      long then = certificate.sums().getOrDefault(measure, 0L);
      // A measure that the rows do not have, or did not have when they were exported: use the sum
      // in
      // the certificate.
      boolean comparable =
          report.aggregates().contains(measure)
              && (isOf(report, entry) || stored.has(measure, period));
      long sum = comparable ? mine.sum(measure) : then;
      changed |= sum != then;
      if (sum != now) {
        differing.add(measure.apiName(), sum, now, cause(differing, entry, totals, sum != then));
      }
    }
    if (certificate != null && !changed && !sameContents(certificate, stored.digests(), period)) {
      differing.add("contents", null, null, DifferenceCause.CHANGED_IN_STORAGE);
    }
  }

  /** Returns whether the rows of an entry were exported under the report's present definition. */
  private static boolean isOf(Report report, LedgerEntry entry) {
    return entry.provenance().definition().equals(report.definition());
  }

  private static DifferenceCause cause(
      Found differing, LedgerEntry entry, Totals totals, boolean changed) {
    if (changed) {
      return DifferenceCause.CHANGED_IN_STORAGE;
    }
    if (!isOf(differing.report, entry)) {
      return DifferenceCause.OTHER_DEFINITION;
    }
    String then = entry.provenance().zone();
    ZoneId zone = totals.zone();
    if (then != null && zone != null && !then.equals(zone.getId())) {
      return DifferenceCause.OTHER_ZONE;
    }
    if (entry.certificate().status() == CertificateStatus.INCOMPLETE) {
      return DifferenceCause.INCOMPLETE;
    }
    return totals.areThoseOfAnotherSink(differing.report, differing.sink, differing.period)
        ? DifferenceCause.OTHER_SINK_AGREES
        : DifferenceCause.CHANGED_AT_THE_API;
  }

  /**
   * Returns whether the rows equal those that were exported, cell by cell. Returns true if there is
   * no comparable digest.
   */
  private static boolean sameContents(
      PeriodCertificate certificate, Map<LocalDate, String> digests, LocalDate period) {
    String then = certificate.digest();
    String now = digests.get(period);
    return then == null || now == null || !RowDigest.comparable(then, now) || then.equals(now);
  }

  /** Collects the differences of one period. */
  private final class Found {
    private final Report report;
    private final Slice slice;
    private final Sink sink;
    private final DayRange period;

    Found(Report report, Slice slice, Sink sink, DayRange period) {
      this.report = report;
      this.slice = slice;
      this.sink = sink;
      this.period = period;
    }

    void add(
        String measure, @Nullable Long stored, @Nullable Long expected, DifferenceCause cause) {
      found.differs(sink, report, period, cause, null);
      differences.add(
          new Verification.Difference(
              report.name(),
              slice.site().value(),
              slice.event(),
              sink.name(),
              period.first(),
              measure,
              stored,
              expected,
              cause));
    }
  }

  /**
   * The totals of the stored rows.
   *
   * @param digests digests of the periods that have rows
   * @param measures the measures that any row of a period has
   */
  private record Stored(
      PeriodTotals totals,
      Map<LocalDate, String> digests,
      Map<LocalDate, Set<Aggregate>> measures) {
    boolean has(Aggregate measure, LocalDate period) {
      return measures.getOrDefault(period, Set.of()).contains(measure);
    }
  }

  private static Stored stored(Report report, Slice slice, Sink sink, DayRange asked)
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
    try (RowSource rows = sink.stored(report, slice, asked)) {
      while (rows.next()) {
        row.read(rows.buffer(), rows.length());
        if (report.dateGrouping() == DateGrouping.NONE
            && row.integer(time + 1) != asked.last().toEpochDay()) {
          continue;
        }
        long value = row.integer(time);
        LocalDate period =
            report
                .dateGrouping()
                .periodStart(
                    LocalDate.ofEpochDay(
                        report.dateGrouping() == DateGrouping.HOUR
                            ? Math.floorDiv(value, MICROS_PER_DAY)
                            : value));
        sums.clear();
        measures.forEach(
            (a, column) -> {
              if (!row.isNull(column)) {
                sums.put(a, row.integer(column));
              }
            });
        totals.add(period, sums);
        present.computeIfAbsent(period, p -> EnumSet.noneOf(Aggregate.class)).addAll(sums.keySet());
        digests
            .computeIfAbsent(period, p -> new RowDigest(schema))
            .add(rows.buffer(), rows.length());
      }
    }
    Map<LocalDate, String> texts = new HashMap<>();
    digests.forEach((period, digest) -> texts.put(period, digest.text()));
    return new Stored(totals, texts, present);
  }
}
