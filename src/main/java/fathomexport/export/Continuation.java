package fathomexport.export;

import fathomexport.plan.Mode;
import fathomexport.run.Budget;
import fathomexport.run.ExportJob;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Objects;

/** The command that continues a backfill, for the ledger. */
final class Continuation {
  private Continuation() {}

  /**
   * Returns the arguments that continue a backfill; empty for a run, which the next one does. What
   * a forced one has fetched is not fetched once more.
   */
  static String of(ExportJob job, Mode mode, Budget budget, Instant startedAt) {
    if (!(mode instanceof Mode.Backfill backfill)) {
      return "";
    }
    Instant before =
        Objects.requireNonNullElse(
            backfill.fetchedBefore(), startedAt.truncatedTo(ChronoUnit.MILLIS));
    return "backfill "
        + job.name()
        + job.selection().options()
        + " --from "
        + backfill.days().first()
        + " --to "
        + backfill.days().last()
        + (backfill.force() ? " --force --fetched-before " + before : "")
        + (backfill.newestFirst() ? "" : " --oldest-first")
        + (budget.requests() == null ? "" : " --max-requests " + budget.requests())
        + (budget.time() == null ? "" : " --max-minutes " + budget.time().toMinutes());
  }
}
