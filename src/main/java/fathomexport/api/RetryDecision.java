package fathomexport.api;

import fathomexport.api.CallAttempt.Fault;
import fathomexport.api.pacing.AskedWaits;
import fathomexport.api.pacing.CircuitBreaker;
import fathomexport.api.pacing.Permits;
import fathomexport.api.pacing.RetryPolicy;
import fathomexport.api.pacing.StoppedException;
import fathomexport.report.SiteId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Decides what becomes of a call after an attempt at it has failed: whether it is tried again, what
 * the circuit breaker learns of the API and of the site, and how the call ends for its caller.
 */
final class RetryDecision {
  private static final String UNREACHABLE_ADVICE =
      "; check the network, HTTPS_PROXY where connections need a proxy, and api.base_url in the"
          + " settings";

  private final CallRules rules;
  private final ClientState state;
  private final CallWaits waits;
  private final UnavailableWords words;
  private final AccountProbe account;

  RetryDecision(
      CallRules rules,
      ClientState state,
      CallWaits waits,
      UnavailableWords words,
      AccountProbe account) {
    this.rules = rules;
    this.state = state;
    this.waits = waits;
    this.words = words;
    this.account = account;
  }

  /**
   * Returns the outcome of the call; empty if it is to be tried again. Records with the circuit
   * breaker what the failure says of the API and of the site.
   *
   * @param about whose retry budget the call uses
   * @param attempt the number of attempts so far
   * @param probe whether the attempt tested for the circuit breaker whether the API responds again
   */
  <T> Optional<Outcome<T>> after(
      Endpoint endpoint, CallScope about, int attempt, boolean probe, CallAttempt.Faulty<T> faulty)
      throws InterruptedException, StoppedException {
    Duration asked =
        faulty.retryAfter() == null ? Duration.ZERO : CallWaits.believed(faulty.retryAfter());
    if (isLongLimit(faulty, asked)) {
      return afterLongLimit(endpoint, probe, faulty, asked);
    }
    if (isLasting(faulty, attempt)) {
      return Optional.of(lasting(probe, faulty));
    }
    Role role = role(about.site(), probe);
    Failed<T> failed =
        new Failed<>(endpoint, about, attempt, rules.most(faulty.fault()), role, faulty, asked);
    Next next = next(failed);
    if (next == Next.RETRY) {
      return Optional.empty();
    }
    String reason = reason(failed, next);
    tellBreaker(failed, next, reason);
    return outcome(failed, next, reason);
  }

  /** What an attempt was for the circuit breaker. */
  private enum Role {
    /** An attempt like any other. */
    ORDINARY,
    /** It tested whether the API responds again: its failure is the answer, and is not retried. */
    PROBE,
    /** It was a probe, but the account has answered since: the API responds again. */
    CLEARED
  }

  /** What becomes of the call itself. */
  private enum Next {
    RETRY,
    /** It would be retried, but the API asks for a wait that the caller does something else in. */
    HOLD,
    END
  }

  /**
   * A failed attempt that is neither a long limit nor lasting.
   *
   * @param most the maximum number of attempts at a call that fails in this way
   * @param asked the wait that the response asks for; zero if it asks for none
   */
  private record Failed<T>(
      Endpoint endpoint,
      CallScope about,
      int attempt,
      int most,
      Role role,
      CallAttempt.Faulty<T> faulty,
      Duration asked) {
    boolean is(Fault fault) {
      return faulty.fault() == fault;
    }

    boolean isProbe() {
      return role == Role.PROBE;
    }

    boolean isLast() {
      return attempt >= most;
    }
  }

  // What the failure means for the call.

  /** Returns whether a 429 asks for a wait that is not one before a retry. */
  private boolean isLongLimit(CallAttempt.Faulty<?> faulty, Duration asked) {
    return faulty.fault() == Fault.LIMIT
        && (waits.waitsWithoutAttempt(faulty) || !rules.policy().accepts(asked));
  }

  /** A run that waits sits out a long limit; for any other run it ends the call. */
  private <T> Optional<Outcome<T>> afterLongLimit(
      Endpoint endpoint, boolean probe, CallAttempt.Faulty<T> faulty, Duration asked) {
    if (probe) {
      state.breaker.abandoned();
    }
    return waits.waitsWithoutAttempt(faulty)
        ? Optional.empty()
        : Optional.of(words.closed(endpoint, new Permits.Wait(waits.inFuture(asked), true)));
  }

  /** Returns whether a further attempt would return the same. */
  private static boolean isLasting(CallAttempt.Faulty<?> faulty, int attempt) {
    return faulty.fault() == Fault.MALFORMED_FOR_GOOD
        || (faulty.fault() == Fault.OF_OTHER_FORM && attempt > 1);
  }

  private <T> Outcome<T> lasting(boolean probe, CallAttempt.Faulty<T> faulty) {
    if (probe && faulty.fault() == Fault.OF_OTHER_FORM) {
      state.breaker.trip(faulty.reason(), true);
    }
    return new Outcome.Malformed<>(faulty.reason(), true);
  }

  /** A run that waits asks the account whether a probe's failure is the API's or the site's. */
  private Role role(@Nullable SiteId site, boolean probe)
      throws InterruptedException, StoppedException {
    if (!probe) {
      return Role.ORDINARY;
    }
    if (site == null || !rules.policy().waits() || !account.answers()) {
      return Role.PROBE;
    }
    state.breaker.answered(null);
    return Role.CLEARED;
  }

  /** Decides whether the call is retried, which takes one retry from its budget. */
  private Next next(Failed<?> failed) {
    if (failed.isProbe() || failed.isLast() || !state.budget(failed.about()).take()) {
      return Next.END;
    }
    // A caller that continues with other sites gets to know of each call that is held.
    return failed.about().site() != null
            && !failed.is(Fault.LIMIT)
            && !rules.waitsInPlace(failed.asked())
        ? Next.HOLD
        : Next.RETRY;
  }

  /** Describes the failure, and why no attempt follows it. */
  private String reason(Failed<?> failed, Next next) {
    List<String> ends = new ArrayList<>();
    if (failed.isLast()) {
      ends.add("attempt " + failed.attempt() + " of " + failed.most());
    }
    if (!failed.isProbe() && next != Next.HOLD && state.budget(failed.about()).spent()) {
      ends.add(failed.about().spentWords());
    }
    return failed.faulty().reason()
        + (ends.isEmpty() ? "" : " (" + String.join("; ", ends) + ")")
        + (failed.is(Fault.UNREACHABLE) ? UNREACHABLE_ADVICE : "");
  }

  // What the failure means for the circuit breaker.

  private void tellBreaker(Failed<?> failed, Next next, String reason)
      throws InterruptedException, StoppedException {
    CircuitBreaker breaker = state.breaker;
    RetryPolicy policy = rules.policy();
    SiteId site = failed.about().site();
    boolean probe = failed.isProbe();
    if (site == null) {
      if (policy.waits() || probe) {
        breaker.trip(reason, probe);
      }
    } else if (failed.is(Fault.UNREACHABLE) && policy.isImpatient()) {
      // No other site can be reached either.
      breaker.trip(reason, probe);
    } else if (!policy.waits() || next == Next.HOLD || (probe && !failed.asked().isZero())) {
      // Also in a run that waits: the pause ends at a time that the API has named.
      breaker.failed(site, reason, probe, failed.asked());
    } else if (probe || (failed.role() != Role.CLEARED && !account.answers())) {
      // A run that waits has no patience that ends, so it must not take the trouble of its last
      // sites for the API's: the account decides, not the number of failures.
      breaker.trip(reason, probe);
    } else {
      breaker.answered(null);
    }
    if (breaker.isOver()) {
      account.findOutWhatIsDown();
    }
  }

  // What the failure means for the caller.

  /** Returns the outcome of the call; empty if it is tried again once the API responds. */
  private <T> Optional<Outcome<T>> outcome(Failed<T> failed, Next next, String reason) {
    SiteId site = failed.about().site();
    if (state.breaker.isDown()) {
      return Optional.of(words.down(failed.endpoint()));
    }
    if (state.breaker.isOpen()) {
      return site == null && rules.policy().waits()
          ? Optional.empty()
          : Optional.of(new Outcome.Unavailable<>(reason, Outcome.Unavailable.Cause.INTERRUPTED));
    }
    AskedWaits.AskedWait wait = next == Next.HOLD ? state.asked.of(site).orElse(null) : null;
    if (wait != null) {
      return Optional.of(words.held(site, wait));
    }
    if (failed.isLast() && (failed.is(Fault.MALFORMED) || failed.is(Fault.OF_OTHER_FORM))) {
      return Optional.of(new Outcome.Malformed<>(reason, false));
    }
    return Optional.of(
        new Outcome.Unavailable<>(
            reason,
            state.budget(failed.about()).spent()
                ? Outcome.Unavailable.Cause.RETRIES_SPENT
                : Outcome.Unavailable.Cause.ATTEMPTS));
  }
}
