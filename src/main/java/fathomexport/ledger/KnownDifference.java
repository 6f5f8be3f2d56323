package fathomexport.ledger;

import fathomexport.report.DayRange;
import fathomexport.report.DifferenceCause;
import fathomexport.report.Slice;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Neighbouring periods of which a verification found that what a sink holds differs. It counts
 * until a later verification compares them, or until the ledger has an entry of a later fetch.
 *
 * @param detail what to do, where that is more than exporting the periods again; otherwise null
 * @param foundAt when it was compared
 * @param runId the verification
 */
public record KnownDifference(
    String report,
    Slice slice,
    DayRange days,
    DifferenceCause cause,
    @Nullable String detail,
    Instant foundAt,
    String runId) {

  /** Returns the same difference, of these days. */
  public KnownDifference during(DayRange part) {
    return new KnownDifference(report, slice, part, cause, detail, foundAt, runId);
  }
}
