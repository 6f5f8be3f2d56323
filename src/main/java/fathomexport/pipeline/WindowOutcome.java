package fathomexport.pipeline;

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
 */
public record WindowOutcome(
    String window,
    @Nullable FailureKind failure,
    String message,
    boolean committed,
    int changed,
    long rows,
    long quarantined)
    implements Serializable {

  static WindowOutcome failed(String window, FailureKind kind, String message) {
    return new WindowOutcome(window, kind, message, false, 0, 0, 0);
  }
}
