package fathomexport.export;

import fathomexport.report.SiteId;
import fathomexport.run.FailureKind;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One item of a check.
 *
 * @param item what was looked at
 * @param state whether a run can work with it
 * @param detail what was found, and what to do about it unless it is in order
 * @param failure how a run would end because of it; null unless it failed
 * @param part what the item is about, if a run exports the rest without it; null if the item is
 *     about the whole run
 */
public record Finding(
    String item,
    State state,
    String detail,
    @Nullable FailureKind failure,
    @Nullable Concern part) {
  /** Whether a run can work with an item. */
  public enum State {
    OK,
    WARNING,
    FAILED
  }

  /** A part of what a run exports. */
  public sealed interface Concern {
    /** The sites of one of several accounts. */
    record OfAccount(String name) implements Concern {}

    /** Single sites. */
    record OfSites(List<SiteId> sites) implements Concern {}

    /** A record of the list of sites. */
    record OfRecord() implements Concern {}
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
    return its.isEmpty() ? this : of(new Concern.OfAccount(its));
  }

  /** Returns the same item, about a part of the run. */
  Finding of(Concern its) {
    return new Finding(item, state, detail, failure, its);
  }

  /** Creates an item that failed. */
  public static Finding failed(String item, FailureKind failure, String detail) {
    return new Finding(item, State.FAILED, detail, failure, null);
  }
}
