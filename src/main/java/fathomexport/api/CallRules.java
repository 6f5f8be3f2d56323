package fathomexport.api;

import fathomexport.api.CallAttempt.Fault;
import fathomexport.api.pacing.RetryPolicy;
import fathomexport.api.pacing.WaitAllowance;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How often a caller tries a call, and which waits it accepts.
 *
 * @param attempts maximum number of requests of one call, the first included; a 429 has its own
 *     maximum, that of the policy
 * @param allowance what the calls may wait in all; null if there is no such limit
 */
record CallRules(
    RetryPolicy policy, int attempts, SiteWaits siteWaits, @Nullable WaitAllowance allowance) {
  /** What a call does if the API asks to wait for its site. */
  enum SiteWaits {
    /** It waits, up to the longest wait that the run accepts. */
    IN_PLACE,
    /** It ends, unless the wait is short, because the caller queries other sites meanwhile. */
    POSTPONED,
    /** It ends, because the run can do without the answer. */
    NEVER
  }

  /** Returns the rules of a caller that needs each answer, and waits for it. */
  static CallRules of(RetryPolicy policy) {
    return new CallRules(policy, policy.maxAttempts(), SiteWaits.IN_PLACE, null);
  }

  /** Returns these rules with at most this number of attempts at a call. */
  CallRules withAttempts(int most) {
    return new CallRules(policy, Math.min(most, attempts), siteWaits, allowance);
  }

  /** Returns the rules of a caller that queries other sites instead of waiting for one. */
  CallRules postponing() {
    return new CallRules(policy, attempts, SiteWaits.POSTPONED, allowance);
  }

  /** Returns the rules of a caller whose waits are limited in sum. */
  CallRules within(WaitAllowance most) {
    return new CallRules(policy, attempts, siteWaits, most);
  }

  /**
   * Returns the rules of a caller for what a run can do without: its calls wait neither for a site
   * nor for an API that does not respond, and for the account no longer than for any other retry.
   */
  CallRules dispensable() {
    RetryPolicy few = policy.dispensable();
    return new CallRules(few, Math.min(few.maxAttempts(), attempts), SiteWaits.NEVER, allowance);
  }

  /** Returns whether the caller's calls are for what a run can do without. */
  boolean isDispensable() {
    return siteWaits == SiteWaits.NEVER;
  }

  /** Returns whether a call waits for its site itself, rather than end. */
  boolean waitsInPlace(Duration held) {
    return switch (siteWaits) {
      case IN_PLACE -> held.compareTo(policy.longestAskedWait()) <= 0;
      case POSTPONED -> held.compareTo(policy.cap()) <= 0;
      case NEVER -> held.isZero();
    };
  }

  /** Returns the maximum number of attempts at a call that fails in this way. */
  int most(Fault fault) {
    return switch (fault) {
      case LIMIT -> policy.maxAttempts();
      case UNREACHABLE -> Math.min(attempts, policy.maxConnects());
      case UNAVAILABLE, MALFORMED, OF_OTHER_FORM, MALFORMED_FOR_GOOD -> attempts;
    };
  }
}
