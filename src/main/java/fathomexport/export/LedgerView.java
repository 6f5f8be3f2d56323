package fathomexport.export;

import fathomexport.cost.ExpectedRows;
import fathomexport.fetch.ControlTotals;
import fathomexport.ledger.Audit;
import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.ledger.StoredRange;
import fathomexport.plan.FetchTask;
import fathomexport.plan.Held;
import fathomexport.plan.Holdings;
import fathomexport.plan.Lookback;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.ExportJob;
import fathomexport.sink.Damage;
import fathomexport.sink.Sink;
import fathomexport.sinks.Sinks;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The content of a job's ledgers in the form that planning and fetching need. Read once per run,
 * some sites at a time: of hundreds of thousands of periods only what a plan needs stays in memory,
 * and not their certificates.
 */
final class LedgerView {
  /** The last day that can be stored. */
  private static final LocalDate LAST_DAY = LocalDate.of(9999, 12, 31);

  /** The number of sites whose ledger entries are in memory at a time. */
  private static final int SITES_AT_A_TIME = 25;

  private final ExportJob job;
  private final Sinks sinks;
  private final InterruptedControls controls;

  private final List<Damage> damages = new ArrayList<>();

  /** The events of which the first sink has stored something. */
  private final Set<Slice> events = new HashSet<>();

  private final ExpectedRows expected = new ExpectedRows();

  /** Texts that many periods have in common, such as the digest of the report's definition. */
  private final Map<String, String> texts = new HashMap<>();

  private final Map<Slice, Slice> slices = new HashMap<>();

  /**
   * Creates a view that has read nothing yet.
   *
   * @param recently control totals that became known before are not used again
   */
  LedgerView(ExportJob job, Sinks sinks, Instant recently) {
    this.job = job;
    this.sinks = sinks;
    this.controls = new InterruptedControls(job, sinks, recently);
  }

  /**
   * Returns what all sinks hold, by report of the pipeline.
   *
   * @param from the first day of which every period is read
   * @param history whether to read from when to when the sinks have stored anything, too, however
   *     long ago
   */
  Map<String, Holdings> holdings(Collection<SiteId> sites, LocalDate from, boolean history) {
    Map<String, Holdings> holdings = new HashMap<>();
    if (sites.isEmpty()) {
      job.pipelineReports().forEach(r -> holdings.put(r.name(), Holdings.ofAll(false, List.of())));
      return holdings;
    }
    for (Report report : job.pipelineReports()) {
      boolean byRange = report.dateGrouping() == DateGrouping.NONE;
      Holdings all = Holdings.ofAll(byRange, bySink(report, List.copyOf(sites), from));
      holdings.put(
          report.name(), history && !byRange ? all.withHistory(history(report, sites)) : all);
    }
    return holdings;
  }

  /** Returns per sink the stored periods. */
  private List<List<Held>> bySink(Report report, List<SiteId> sites, LocalDate from) {
    List<Set<Failed>> failed = new ArrayList<>();
    List<List<Held>> bySink = new ArrayList<>();
    for (Sink sink : sinks.all()) {
      failed.add(
          sink.ledger().openAttempts(report.name()).stream()
              .map(a -> new Failed(a.slice(), a.period()))
              .collect(Collectors.toSet()));
      bySink.add(new ArrayList<>());
    }
    for (int begin = 0; begin < sites.size(); begin += SITES_AT_A_TIME) {
      List<SiteId> some = sites.subList(begin, Math.min(begin + SITES_AT_A_TIME, sites.size()));
      Map<Period, String> rows = new HashMap<>();
      List<Integer> before = bySink.stream().map(List::size).toList();
      for (int i = 0; i < bySink.size(); i++) {
        Set<Failed> failedHere = failed.get(i);
        List<Held> held = bySink.get(i);
        for (LedgerEntry entry : sinks.all().get(i).ledger().entries(report.name(), some, from)) {
          if (i == 0) {
            remember(report, entry);
          }
          if (entry.stored()) {
            held.add(held(entry, !failedHere.contains(Failed.of(entry)) && isOfAll(entry, rows)));
          }
        }
      }
      passOver(report, some, from, bySink, before);
    }
    return bySink;
  }

  /**
   * Has a sink pass for holding what another one holds, where its own files are damaged: it cannot
   * store the days that it lacks, so that nothing is fetched for its sake.
   *
   * @param before how much each sink held of other sites
   */
  private void passOver(
      Report report,
      List<SiteId> sites,
      LocalDate from,
      List<List<Held>> bySink,
      List<Integer> before) {
    List<Integer> after = bySink.stream().map(List::size).toList();
    for (int i = 0; i < bySink.size(); i++) {
      List<Damage> damaged =
          sinks.all().get(i).damages(report, sites, new DayRange(from, LAST_DAY));
      damages.addAll(damaged);
      for (int j = 0; !damaged.isEmpty() && j < bySink.size(); j++) {
        if (j != i) {
          List<Held> others =
              bySink.get(j).subList(before.get(j), after.get(j)).stream()
                  .filter(
                      h -> damaged.stream().anyMatch(d -> d.covers(h.slice().site(), h.period())))
                  .toList();
          bySink.get(i).addAll(others);
        }
      }
    }
  }

  /** Returns whether the only sink can store nothing of a task, since its files are damaged. */
  boolean isUnstorable(FetchTask task) {
    return task.reports().stream()
        .allMatch(
            report ->
                damages.stream()
                    .anyMatch(
                        d ->
                            d.report().equals(report.name())
                                && d.covers(task.site().id(), task.days().first())
                                && d.covers(task.site().id(), task.days().last())));
  }

  /** Returns what of the sinks cannot be used, as far as the ledger was read. */
  List<Damage> damages() {
    return List.copyOf(damages);
  }

  /** Keeps of an entry of the first sink what is needed besides its being stored. */
  private void remember(Report report, LedgerEntry entry) {
    expected.add(entry);
    if (entry.stored() && entry.slice().event() != null) {
      events.add(entry.slice());
    }
    controls.remember(report, entry);
  }

  /** Returns per sink the ranges of days that it has stored of each slice. */
  private List<Map<Slice, List<DayRange>>> history(Report report, Collection<SiteId> sites) {
    List<Map<Slice, List<DayRange>>> history = new ArrayList<>();
    for (Sink sink : sinks.all()) {
      history.add(
          sink.ledger().storedRanges(report.name(), report.dateGrouping(), sites).stream()
              .collect(
                  Collectors.groupingBy(
                      StoredRange::slice,
                      Collectors.mapping(StoredRange::days, Collectors.toList()))));
    }
    return history;
  }

  /**
   * A period whose last attempt failed. The stored rows are still those from before, so a control
   * must not confirm them.
   */
  private record Failed(Slice slice, LocalDate period) {
    static Failed of(LedgerEntry entry) {
      return new Failed(entry.slice(), entry.certificate().period());
    }
  }

  /** A stored period. Without date grouping, several can start on the same day. */
  private record Period(Slice slice, LocalDate first, LocalDate last) {}

  /**
   * Returns whether the sinks read before have the same rows, as far as they hold the period.
   *
   * @param rows digests of the rows by period; this entry's digest is added
   */
  private static boolean isOfAll(LedgerEntry entry, Map<Period, String> rows) {
    PeriodCertificate c = entry.certificate();
    String mine = String.valueOf(c.digest());
    String before = rows.putIfAbsent(new Period(entry.slice(), c.period(), c.coversTo()), mine);
    return before == null || before.equals(mine);
  }

  /**
   * Converts a ledger entry.
   *
   * @param confirmable whether an equal control response may confirm the stored rows
   */
  private Held held(LedgerEntry entry, boolean confirmable) {
    PeriodCertificate certificate = entry.certificate();
    LocalDate period = certificate.period();
    Slice slice = slices.putIfAbsent(entry.slice(), entry.slice());
    return new Held(
        slice == null ? entry.slice() : slice,
        period,
        certificate.coversTo().equals(period) ? period : certificate.coversTo(),
        certificate.status() != CertificateStatus.INCOMPLETE,
        certificate.status() == CertificateStatus.UNCERTIFIED
            && !ControlTotals.isLasting(certificate.reason()),
        shared(entry.provenance().definition()),
        entry.provenance().fetchedAt(),
        entry.knownAt(),
        sharedOrNull(entry.provenance().zone()),
        certificate.rows(),
        // The reports of a site are certified against the same responses.
        confirmable ? sharedOrNull(certificate.controlDigest()) : null);
  }

  private String shared(String text) {
    String before = texts.putIfAbsent(text, text);
    return before == null ? text : before;
  }

  private @Nullable String sharedOrNull(@Nullable String text) {
    return text == null ? null : shared(text);
  }

  /** Returns which look-backs a control query may confirm. */
  Lookback lookback() {
    Set<SiteId> failed = new HashSet<>();
    Map<SiteId, Instant> audited = new HashMap<>();
    for (Audit audit : sinks.audits()) {
      SiteId site = audit.slice().site();
      if (!audit.agreed()) {
        failed.add(site);
      }
      audited.merge(site, audit.at(), (a, b) -> a.isBefore(b) ? b : a);
    }
    return new Lookback(job.fetched(), failed, audited);
  }

  /** Returns the control totals that interrupted runs have left, as far as the ledger was read. */
  InterruptedControls controls() {
    return controls;
  }

  /** Returns the events for which something is stored, as far as the ledger was read. */
  Set<Slice> storedEvents() {
    return Set.copyOf(events);
  }

  /** Returns the expected number of rows per period, derived from what is stored. */
  ExpectedRows expectedRows() {
    return expected;
  }
}
