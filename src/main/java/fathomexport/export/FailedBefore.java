package fathomexport.export;

import fathomexport.listing.Accounts;
import fathomexport.plan.Mode;
import fathomexport.report.Program;
import fathomexport.report.Report;
import fathomexport.run.ExportJob;
import fathomexport.run.FailureKind;
import fathomexport.run.WindowOutcome;
import fathomexport.sink.Damage;
import fathomexport.sinks.DamagedDays;
import fathomexport.sinks.Sinks;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What has failed before any window of a run is begun. */
final class FailedBefore {
  /** The most damaged files that a run names: with many, what to do is the same for each. */
  private static final int DAMAGES = 3;

  private FailedBefore() {}

  /**
   * Returns the failures: sites and events that could not be listed, reports that cannot be stored,
   * and damaged files.
   *
   * @param refused why reports cannot be stored, keyed by their names
   */
  static List<WindowOutcome> of(
      Accounts.Found found,
      RunPlanning.Planned planned,
      Map<String, String> refused,
      ExportJob job,
      Mode mode,
      Sinks sinks) {
    List<WindowOutcome> failed = new ArrayList<>(found.lost());
    refused.forEach(
        (report, why) -> failed.add(WindowOutcome.failed(report, FailureKind.CONFIGURATION, why)));
    planned.events().leftOut().stream().filter(e -> e.failure() != null).forEach(failed::add);
    List<String> reports = job.reports().stream().map(Report::name).toList();
    List<Damage> damages =
        planned.view().damages().stream()
            .filter(damage -> reports.contains(damage.report()) && isWithinReach(damage, mode))
            .toList();
    for (Damage damage : damages.subList(0, Math.min(damages.size(), DAMAGES))) {
      WindowOutcome outcome =
          WindowOutcome.failed(
              damage.report()
                  + (damage.site() == null ? "" : " " + damage.site())
                  + (damage.days() == null ? "" : " " + damage.days()),
              FailureKind.STORAGE,
              DamagedDays.words(damage, job.name(), sinks));
      failed.add(damage.site() == null ? outcome : outcome.about(damage.site()));
    }
    if (damages.size() > DAMAGES) {
      failed.add(
          WindowOutcome.failed(
              (damages.size() - DAMAGES) + " more files",
              FailureKind.STORAGE,
              "cannot be read either; `"
                  + Program.command("status " + job.name() + " --all")
                  + "` says of each what to do"));
    }
    return failed;
  }

  /** Returns whether this run may have to store something where stored data is damaged. */
  private static boolean isWithinReach(Damage damage, Mode mode) {
    return !(mode instanceof Mode.Backfill backfill)
        || damage.days() == null
        || !damage.days().first().isAfter(backfill.days().last());
  }
}
