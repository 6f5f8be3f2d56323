package fathomexport.export;

import fathomexport.fetch.control.CertifiedControl;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.RunRecord;
import fathomexport.plan.ControlFamily;
import fathomexport.plan.ControlQuery;
import fathomexport.plan.FetchTask;
import fathomexport.plan.Plan;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.run.ExportJob;
import fathomexport.run.FailureKind;
import fathomexport.sinks.Sinks;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The control totals that interrupted runs of a pipeline have certified windows against lately. The
 * run that resumes one of them does not query them again.
 */
final class InterruptedControls {
  /** Enough runs for the hours in which control totals stay valid. */
  private static final int RUNS = 200;

  /** Exit codes of interrupted runs, which another run resumes. */
  private static final Set<Integer> CUT_SHORT =
      Set.of(
          FailureKind.STORAGE.exitCode(),
          FailureKind.TRY_LATER.exitCode(),
          FailureKind.STOPPED.exitCode());

  private final ExportJob job;
  private final Sinks sinks;
  private final Instant recently;

  /**
   * The entries that became known recently by a run that was interrupted, by report. Those of other
   * runs are not kept: after a backfill of years they are everything.
   */
  private final Map<String, List<LedgerEntry>> recent = new HashMap<>();

  private @Nullable Set<String> interrupted;

  /**
   * @param recently control totals that became known before are not used again
   */
  InterruptedControls(ExportJob job, Sinks sinks, Instant recently) {
    this.job = job;
    this.sinks = sinks;
    this.recently = recently;
  }

  /** Keeps a ledger entry of the first sink, if an interrupted run knew it recently. */
  void remember(Report report, LedgerEntry entry) {
    if (entry.knownAt().isAfter(recently) && interrupted().contains(entry.knownBy())) {
      recent.computeIfAbsent(report.name(), name -> new ArrayList<>()).add(entry);
    }
  }

  /** Returns the runs of the pipeline that were interrupted. Read once. */
  private Set<String> interrupted() {
    if (interrupted == null) {
      interrupted =
          sinks.ledger().runs(job.name(), RunRecord.EXPORTS, RUNS).stream()
              .filter(r -> r.exitCode() == null || CUT_SHORT.contains(r.exitCode()))
              .map(RunRecord::runId)
              .collect(Collectors.toSet());
    }
    return interrupted;
  }

  /**
   * Returns the control totals of windows that an interrupted run certified since then, so that
   * this run does not query them again. Other totals are not returned: a certificate is only as
   * fresh as its control, and totals of years would fill the heap.
   */
  List<KnownControl> of(Plan plan, Instant since) {
    Map<ControlFamily, List<DayRange>> needed =
        plan.tasks().stream()
            .filter(task -> !task.isControl())
            .collect(
                Collectors.groupingBy(
                    task -> ControlFamily.of(task.control()),
                    Collectors.mapping(FetchTask::days, Collectors.toList())));
    Map<SiteId, String> zones = new HashMap<>();
    for (FetchTask task : plan.tasks()) {
      ZoneId zone = task.site().zone();
      if (zone != null) {
        zones.put(task.site().id(), zone.getId());
      }
    }
    List<KnownControl> known = new ArrayList<>();
    for (Report report : job.reports()) {
      for (LedgerEntry entry : recent.getOrDefault(report.name(), List.of())) {
        Optional<CertifiedControl> control =
            CertifiedControl.of(report, entry, zones.get(entry.slice().site()), since);
        if (control.isEmpty()) {
          continue;
        }
        ControlQuery query = control.get().query();
        if (needed.getOrDefault(ControlFamily.of(query), List.of()).stream()
            .anyMatch(d -> d.contains(query.days()))) {
          known.add(
              new KnownControl(query, control.get().totals(), entry.knownAt(), entry.knownBy()));
        }
      }
    }
    return known;
  }
}
