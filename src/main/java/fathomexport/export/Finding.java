package fathomexport.export;

import fathomexport.run.FailureKind;
import org.jspecify.annotations.Nullable;

/**
 * One item of a check.
 *
 * @param item what was looked at
 * @param state whether a run can work with it
 * @param detail what was found, and what to do about it unless it is in order
 * @param failure how a run would end because of it; null unless it failed
 * @param account the account that the item is about, if it is one of several; otherwise null. A run
 *     exports the sites of the others
 */
public record Finding(
    String item,
    State state,
    String detail,
    @Nullable FailureKind failure,
    @Nullable String account) {
  /** Whether a run can work with an item. */
  public enum State {
    OK,
    WARNING,
    FAILED
  }

  /** Creates an item that is in order. */
  public static Finding ok(String item, String detail) {
    return new Finding(item, State.OK, detail, null, null);
  }

  static Finding warning(String item, String detail) {
    return new Finding(item, State.WARNING, detail, null, null);
  }

  /** Returns the same item, of one of several accounts. */
  Finding of(String its) {
    return its.isEmpty() ? this : new Finding(item, state, detail, failure, its);
  }

  /** Creates an item with which no run can succeed. */
  public static Finding failed(String item, FailureKind failure, String detail) {
    return new Finding(item, State.FAILED, detail, failure, null);
  }
}
