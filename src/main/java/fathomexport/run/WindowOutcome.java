package fathomexport.run;

import fathomexport.report.SiteId;
import fathomexport.report.Window;
import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * How a window ended.
 *
 * @param window for people: report, slice, days
 * @param failure null when all of it was committed
 * @param message why, in one line; empty when all of it was committed
 * @param changed periods whose rows were written
 * @param rows rows of the window that are stored
 * @param quarantined rows that could not be typed
 * @param subject the window itself; null when there was none yet, such as for a site that is lost
 * @param requests billed requests that it took, those that failed included; those of a question
 *     that fills several reports stand with the first of them
 * @param periods how sure its periods are
 * @param site what it is about; null when that is the account
 * @param recordsSkipped records of a list that were unusable: then it is about no window
 */
public record WindowOutcome(
    String window,
    @Nullable FailureKind failure,
    String message,
    boolean committed,
    int changed,
    long rows,
    long quarantined,
    @Nullable Window subject,
    long requests,
    Periods periods,
    @Nullable SiteId site,
    long recordsSkipped)
    implements Serializable {
  /** How the message of a window begins that was not fetched because of what another had met. */
  public static final String NOT_FETCHED = "not fetched";

  /** Periods of a window by the state of their certificate; none of a window that has none. */
  public record Periods(long certified, long uncertified, long incomplete) implements Serializable {
    public static final Periods NONE = new Periods(0, 0, 0);

    public Periods plus(Periods other) {
      return new Periods(
          certified + other.certified,
          uncertified + other.uncertified,
          incomplete + other.incomplete);
    }
  }

  /** Without a window of its own. */
  public WindowOutcome(
      String window,
      @Nullable FailureKind failure,
      String message,
      boolean committed,
      int changed,
      long rows,
      long quarantined) {
    this(
        window,
        failure,
        message,
        committed,
        changed,
        rows,
        quarantined,
        null,
        0,
        Periods.NONE,
        null,
        0);
  }

  public static WindowOutcome failed(String window, FailureKind kind, String message) {
    return new WindowOutcome(window, kind, message, false, 0, 0, 0);
  }

  /** A record of a list that is left out, because it is unusable. */
  public static WindowOutcome skippedRecord(String list, String message) {
    return new WindowOutcome(
        list, FailureKind.INCOMPLETE, message, false, 0, 0, 0, null, 0, Periods.NONE, null, 1);
  }

  /** The same, saying which site it is about. */
  public WindowOutcome about(SiteId whose) {
    return new WindowOutcome(
        window,
        failure,
        message,
        committed,
        changed,
        rows,
        quarantined,
        subject,
        requests,
        periods,
        whose,
        recordsSkipped);
  }

  /** The same, saying which window it is and what it took. */
  public WindowOutcome about(Window window, long requestsTaken) {
    return new WindowOutcome(
        window.toString(),
        failure,
        message,
        committed,
        changed,
        rows,
        quarantined,
        window,
        requestsTaken,
        periods,
        window.slice().site(),
        recordsSkipped);
  }

  /** The same, saying how sure its periods are. */
  public WindowOutcome with(Periods sure) {
    return new WindowOutcome(
        window,
        failure,
        message,
        committed,
        changed,
        rows,
        quarantined,
        subject,
        requests,
        sure,
        site,
        recordsSkipped);
  }
}
