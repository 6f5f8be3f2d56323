package fathomexport.api;

import fathomexport.api.CallAttempt.Fault;
import fathomexport.api.pacing.AskedWaits;
import fathomexport.api.pacing.Permits;
import fathomexport.api.pacing.RetryPolicy;
import fathomexport.api.pacing.StoppedException;
import fathomexport.api.pacing.WaitAllowance;
import fathomexport.report.SiteId;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The waits of calls: those that the API asks for, those for permits, and the pauses before
 * retries. Each is reported to the listener; long ones are reported separately, once.
 */
final class CallWaits {
  private static final Logger LOG = LoggerFactory.getLogger(FathomClient.class);

  /**
   * The wait after a 429 without {@code Retry-After}: after it, the whole quota per minute is free.
   */
  private static final Duration QUOTA_WINDOW = Duration.ofMinutes(1);

  /** Waits that are longer than this are reported separately. */
  private static final Duration LONG_WAIT = Duration.ofMinutes(2);

  /**
   * The longest wait that a daily limit can cause in any time zone; a longer request is a mistake.
   */
  private static final Duration LONGEST_BELIEVED = Duration.ofHours(25);

  /** Waits whose ends differ by no more than this count as one wait. */
  private static final Duration SAME_WAIT = Duration.ofSeconds(5);

  private final RetryPolicy policy;
  private final @Nullable WaitAllowance allowance;
  private final RunControls controls;
  private final ClientState state;

  CallWaits(CallRules rules, RunControls controls, ClientState state) {
    this.policy = rules.policy();
    this.allowance = rules.allowance();
    this.controls = controls;
    this.state = state;
  }

  /** Returns the wait that the API requests, or null if it requests none. */
  private static @Nullable Duration asked(Endpoint endpoint, CallAttempt.Faulty<?> faulty) {
    return faulty.retryAfter() == null && faulty.fault() == Fault.LIMIT && endpoint.billed()
        ? QUOTA_WINDOW
        : faulty.retryAfter();
  }

  /**
   * Records the wait that a response asks for, whatever becomes of its call. No other place does. A
   * 429 concerns the whole account, so it delays every permit of the endpoint's quota. Any other
   * response concerns the site of its query: if all sites are asked to wait, the circuit breaker
   * notices it.
   */
  void obey(Endpoint endpoint, @Nullable SiteId site, CallAttempt.Faulty<?> faulty) {
    Duration asked = asked(endpoint, faulty);
    if (asked == null) {
      return;
    }
    if (faulty.fault() == Fault.LIMIT) {
      permits(endpoint).deferUntil(inFuture(believed(asked)));
    } else {
      state.asked.add(site, believed(asked), faulty.reason());
    }
  }

  /** Waits until the API accepts queries about a site again, as it asked. */
  void awaitSite(Endpoint endpoint, @Nullable SiteId site)
      throws InterruptedException, StoppedException {
    AskedWaits.AskedWait held = state.asked.of(site).orElse(null);
    if (held == null) {
      return;
    }
    take(held.time(), held.reason());
    Instant until = inFuture(held.time());
    controls.listener().on(new RequestListener.Event.Waiting(endpoint, until));
    if (held.time().compareTo(LONG_WAIT) > 0) {
      longWait(
          endpoint,
          until,
          "the API asks to wait"
              + (site == null ? "" : " with queries about site " + site)
              + ": "
              + held.reason());
    }
    controls.stop().sleep(held.time(), controls.time());
  }

  static Duration believed(Duration asked) {
    return asked.compareTo(LONGEST_BELIEVED) < 0 ? asked : LONGEST_BELIEVED;
  }

  /** Waits for the circuit breaker's next probe. */
  void awaitProbe(Endpoint endpoint, Duration wait, String reason) {
    take(wait, reason);
    longWait(endpoint, inFuture(wait), reason);
  }

  /**
   * Waits for a permit. Its wait counts for the caller's allowance if the API asked for it.
   *
   * @throws WaitTooLongException if the wait is longer than the run accepts
   * @throws AllowanceSpentException if the wait is longer than what is left of the allowance
   */
  Permits.Permit permit(Endpoint endpoint) throws InterruptedException, StoppedException {
    long start = controls.time().nanos();
    AtomicBoolean asked = new AtomicBoolean();
    Permits.Permit permit =
        permits(endpoint)
            .acquire(
                wait -> {
                  waiting(endpoint, wait);
                  asked.compareAndSet(false, wait.asked());
                });
    if (allowance != null && asked.get()) {
      allowance.add(Duration.ofNanos(controls.time().nanos() - start));
    }
    return permit;
  }

  private void waiting(Endpoint endpoint, Permits.Wait wait) {
    Duration time = Duration.between(controls.time().instant(), wait.until());
    if (!policy.accepts(time)) {
      throw new WaitTooLongException(endpoint, wait);
    }
    if (wait.asked()) {
      requireAllowed(time, "it has asked to wait for " + inSeconds(time));
    }
    controls.listener().on(new RequestListener.Event.Waiting(endpoint, wait.until()));
    if (time.compareTo(LONG_WAIT) > 0) {
      longWait(
          endpoint,
          wait.until(),
          wait.asked()
              ? "the API has asked to wait until then"
              : quota(endpoint) + " is used up until then");
    }
  }

  /** Describes the quota that applies to an endpoint. */
  static String quota(Endpoint endpoint) {
    return endpoint.billed()
        ? "the quota of reports"
        : "the quota of sites and events, "
            + String.format(Locale.ROOT, "%,d", RunControls.LOOKUPS_PER_WINDOW)
            + " requests per hour,";
  }

  /** Reports a wait once, even if it delays several requests. */
  void longWait(Endpoint endpoint, Instant until, String reason) {
    Instant before = state.announced.getAndSet(until);
    if (Duration.between(before, until).abs().compareTo(SAME_WAIT) > 0) {
      controls.listener().on(new RequestListener.Event.LongWait(endpoint, until, reason));
    }
  }

  Instant inFuture(Duration time) {
    return controls.time().instant().plus(time);
  }

  /** Returns whether the API requests a wait that does not count as an attempt. */
  boolean waitsWithoutAttempt(CallAttempt.Faulty<?> faulty) {
    Duration asked = faulty.retryAfter();
    return policy.waits() && asked != null && asked.compareTo(QUOTA_WINDOW) > 0;
  }

  <T> void pause(Endpoint endpoint, CallScope about, int attempt, CallAttempt.Faulty<T> faulty)
      throws InterruptedException, StoppedException {
    Duration asked = asked(endpoint, faulty);
    Duration backoff = policy.backoff(attempt, controls.random());
    Duration wait = asked == null || asked.compareTo(backoff) < 0 ? backoff : asked;
    take(wait, faulty.reason());
    // An impatient command ends a moment later, and its outcome says the same.
    boolean isSaid = !policy.isImpatient() || faulty.fault() != Fault.UNREACHABLE;
    if (isSaid || LOG.isDebugEnabled()) {
      String words =
          "%s%s: %s; starting attempt %d in %d ms"
              .formatted(
                  endpoint.path(), about.words(), faulty.reason(), attempt + 1, wait.toMillis());
      if (isSaid) {
        LOG.warn(words);
      } else {
        LOG.debug(words);
      }
    }
    Instant until = inFuture(wait);
    controls.listener().on(new RequestListener.Event.Waiting(endpoint, until));
    if (wait.compareTo(LONG_WAIT) > 0) {
      longWait(endpoint, until, "the API asks to wait: " + faulty.reason());
    }
    controls.stop().sleep(wait, controls.time());
  }

  /** Counts a wait that is about to begin. */
  private void take(Duration wait, String reason) {
    requireAllowed(wait, reason);
    if (allowance != null) {
      allowance.add(wait);
    }
  }

  private void requireAllowed(Duration wait, String reason) {
    if (allowance != null && !allowance.allows(wait)) {
      throw new AllowanceSpentException(reason, allowance.why());
    }
  }

  /** Counts the time of an attempt that failed. */
  void attemptFailed(Duration took) {
    if (allowance != null) {
      allowance.addFailed(took);
    }
  }

  private static String inSeconds(Duration time) {
    return time.plusMillis(999).toSeconds() + " s";
  }

  private Permits permits(Endpoint endpoint) {
    return endpoint.billed() ? controls.reports() : controls.lookups();
  }

  /** A wait is longer than what is left of the caller's allowance. */
  static final class AllowanceSpentException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String reason;
    private final String limit;

    AllowanceSpentException(String reason, String limit) {
      super(limit + ": " + reason);
      this.reason = reason;
      this.limit = limit;
    }

    /** Returns what the wait was for. */
    String reason() {
      return reason;
    }

    /** Returns the rule of the caller that forbids the wait. */
    String limit() {
      return limit;
    }
  }

  /** The wait for a permit is longer than the run accepts. */
  static final class WaitTooLongException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Endpoint endpoint;
    private final transient Permits.Wait wait;

    WaitTooLongException(Endpoint endpoint, Permits.Wait wait) {
      super("no permit before " + wait.until());
      this.endpoint = endpoint;
      this.wait = wait;
    }

    Endpoint endpoint() {
      return endpoint;
    }

    /** Returns the wait that is too long. */
    Permits.Wait permitWait() {
      return wait;
    }
  }
}
