package fathomexport.export;

import fathomexport.listing.Accounts;
import fathomexport.plan.Missing;
import fathomexport.plan.Plan;
import fathomexport.plan.Subject;
import fathomexport.report.Report;
import fathomexport.run.BackfillCommands;
import fathomexport.run.ExportJob;
import fathomexport.run.MissingRange;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Finds the backfills that fetch what a plan leaves out, each limited to the sites and reports that
 * need it.
 */
final class MissingCommands {
  private MissingCommands() {}

  /** Returns what stays missing after a run, with its commands; null if nothing does. */
  static @Nullable MissingRange of(@Nullable Missing missing, BackfillCommands.Scope scope) {
    if (missing == null) {
      return null;
    }
    var commands =
        BackfillCommands.of(
            missing.holes().stream()
                .map(
                    hole ->
                        new BackfillCommands.Want(
                            new BackfillCommands.ReportOfSite(hole.report(), hole.site().value()),
                            hole.first(),
                            hole.last(),
                            hole.periods()))
                .toList(),
            scope,
            BackfillCommands.MOST);
    return new MissingRange(
        missing.periods(),
        missing.first(),
        missing.last(),
        commands.stream().anyMatch(BackfillCommands.Command::alsoNeverStored),
        commands);
  }

  /** Returns what a backfill of the job's pipeline would cover. */
  static BackfillCommands.Scope scope(ExportJob job, Accounts.Found found, Plan plan) {
    return new BackfillCommands.Scope(
        job.selection().sites().isEmpty()
            ? found.subjects().stream().map(s -> s.site().id().value()).collect(Collectors.toSet())
            : Set.of(),
        job.selection().reports().isEmpty()
            ? job.pipelineReports().stream().map(Report::name).collect(Collectors.toSet())
            : Set.of(),
        plan.starts().stream()
            .collect(
                Collectors.toMap(
                    s -> new BackfillCommands.ReportOfSite(s.report(), s.site().value()),
                    Plan.Start::first,
                    (a, b) -> a)));
  }

  /** Returns the names of the sites that were found, keyed by their ids. */
  static Map<String, String> names(Accounts.Found found) {
    return found.subjects().stream()
        .map(Subject::site)
        .collect(Collectors.toMap(site -> site.id().value(), site -> site.name(), (a, b) -> a));
  }
}
