package fathomexport.api;

import fathomexport.api.pacing.AskedWaits;
import fathomexport.api.pacing.Permits;
import fathomexport.api.pacing.RetryPolicy;
import fathomexport.report.SiteId;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Creates the outcomes of calls that the API does not answer, in words for people. */
final class UnavailableWords {
  private final RetryPolicy policy;
  private final ClientState state;
  private final CallWaits waits;

  /** Whether to say how another run would wait: not for calls of which no run waits. */
  private final boolean advises;

  /** Whether a run with {@code --wait} would wait for longer. */
  private final boolean mayWait;

  UnavailableWords(CallRules rules, ClientState state, CallWaits waits) {
    this.policy = rules.policy();
    this.advises = !rules.isDispensable();
    this.mayWait = rules.allowance() == null;
    this.state = state;
    this.waits = waits;
  }

  /** Returns the outcome of every call once the API counts as down for this run. */
  <T> Outcome<T> down(Endpoint endpoint) {
    Duration closed = state.breaker.closedFor();
    return closed != null
        ? closed(endpoint, new Permits.Wait(waits.inFuture(closed), true))
        : new Outcome.Unavailable<>(
            Objects.requireNonNullElseGet(
                state.downWords,
                () ->
                    "it has answered no query about a site"
                        + patience()
                        + ", although it answers for the account: "
                        + state.breaker.reason()),
            Outcome.Unavailable.Cause.DOWN);
  }

  /**
   * Returns the outcome of a call about a site whose queries failed until the patience was over.
   */
  <T> Outcome<T> siteDown(@Nullable SiteId site) {
    return new Outcome.Unavailable<>(
        "it has answered no query about this site or another one"
            + patience()
            + ", although it answers for the account: "
            + (site == null ? state.breaker.reason() : state.breaker.reason(site)),
        Outcome.Unavailable.Cause.SITE_DOWN);
  }

  String patience() {
    return policy.isImpatient() ? "" : " for " + policy.patience().toSeconds() + " s";
  }

  /** Returns the outcome of a call about a site that the API asks to wait with. */
  <T> Outcome<T> held(@Nullable SiteId site, AskedWaits.AskedWait left) {
    return new Outcome.Unavailable<>(
        "it asks that nothing is sent "
            + (site == null ? "" : "about site " + site + " ")
            + "before "
            + inWords(waits.inFuture(left.time()))
            + (policy.accepts(left.time()) ? "" : tooLong())
            + " ("
            + left.reason()
            + ")",
        Outcome.Unavailable.Cause.HELD);
  }

  /** Returns the outcome of a call whose wait would be too long. */
  <T> Outcome<T> closed(Endpoint endpoint, Permits.Wait wait) {
    return new Outcome.Unavailable<>(
        (wait.asked()
                ? "the API has asked to wait until "
                : CallWaits.quota(endpoint) + " is used up until ")
            + inWords(wait.until())
            + tooLong(),
        Outcome.Unavailable.Cause.CLOSED);
  }

  /**
   * Returns the outcome of a call that would have to wait for more than its caller allows.
   *
   * @param limit the caller's rule and its reason
   */
  <T> Outcome<T> waitedEnough(String reason, String limit) {
    return new Outcome.Unavailable<>(
        reason.replaceFirst("\\.$", "") + "; " + limit + ": run again later",
        Outcome.Unavailable.Cause.DOWN);
  }

  private static String inWords(Instant time) {
    return time.plusMillis(999).truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private String tooLong() {
    if (!advises) {
      return "";
    }
    return ", which is more than the "
        + policy.longestAskedWait().toSeconds()
        + " s that a run waits: run again after that time"
        + (mayWait ? ", or now with --wait" : "");
  }
}
