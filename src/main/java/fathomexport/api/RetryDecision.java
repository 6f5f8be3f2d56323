package fathomexport.api;

import fathomexport.api.CallAttempt.Fault;
import fathomexport.api.pacing.AskedWaits;
import fathomexport.api.pacing.CircuitBreaker;
import fathomexport.api.pacing.Permits;
import fathomexport.api.pacing.RetryBudget;
import fathomexport.api.pacing.RetryPolicy;
import fathomexport.api.pacing.StoppedException;
import fathomexport.report.SiteId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Decides what becomes of a call after an attempt at it has failed. */
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
    CircuitBreaker breaker = state.breaker;
    RetryPolicy policy = rules.policy();
    RetryBudget budget = state.budget(about);
    Duration asked =
        faulty.retryAfter() == null ? Duration.ZERO : CallWaits.believed(faulty.retryAfter());
    if (faulty.fault() == Fault.LIMIT
        && (waits.waitsWithoutAttempt(faulty) || !policy.accepts(asked))) {
      if (probe) {
        breaker.abandoned();
      }
      return waits.waitsWithoutAttempt(faulty)
          ? Optional.empty()
          : Optional.of(words.closed(endpoint, new Permits.Wait(waits.inFuture(asked), true)));
    }
    if (faulty.fault() == Fault.MALFORMED_FOR_GOOD
        || (faulty.fault() == Fault.OF_OTHER_FORM && attempt > 1)) {
      if (probe && faulty.fault() == Fault.OF_OTHER_FORM) {
        breaker.trip(faulty.reason(), true);
      }
      return Optional.of(new Outcome.Malformed<>(faulty.reason(), true));
    }
    SiteId site = about.site();
    boolean cleared = probe && site != null && policy.waits() && account.answers();
    if (cleared) {
      breaker.answered(null);
    }
    boolean probing = probe && !cleared;
    boolean unreachable = faulty.fault() == Fault.UNREACHABLE;
    int most = rules.most(faulty.fault());
    boolean last = attempt >= most;
    boolean retried = !probing && !last && budget.take();
    // A caller that continues with other sites gets to know of each call that is held.
    boolean held =
        retried && site != null && faulty.fault() != Fault.LIMIT && !rules.waitsInPlace(asked);
    if (retried && !held) {
      return Optional.empty();
    }
    List<String> ends = new ArrayList<>();
    if (last) {
      ends.add("attempt " + attempt + " of " + most);
    }
    if (!probing && !held && budget.spent()) {
      ends.add(about.spentWords());
    }
    String reason =
        faulty.reason()
            + (ends.isEmpty() ? "" : " (" + String.join("; ", ends) + ")")
            + (unreachable ? UNREACHABLE_ADVICE : "");
    if (site == null) {
      if (policy.waits() || probe) {
        breaker.trip(reason, probe);
      }
    } else if (unreachable && policy.isImpatient()) {
      // No other site can be reached either.
      breaker.trip(reason, probe);
    } else if (!policy.waits() || held || (probing && !asked.isZero())) {
      // Also in a run that waits: the pause ends at a time that the API has named.
      breaker.failed(site, reason, probing, asked);
    } else if (probing || (!cleared && !account.answers())) {
      // A run that waits has no patience that ends, so it must not take the trouble of its last
      // sites for the API's: the account decides, not the number of failures.
      breaker.trip(reason, probe);
    } else {
      breaker.answered(null);
    }
    if (breaker.isOver()) {
      account.findOutWhatIsDown();
    }
    if (breaker.isDown()) {
      return Optional.of(words.down(endpoint));
    }
    if (breaker.isOpen()) {
      return site == null && policy.waits()
          ? Optional.empty()
          : Optional.of(new Outcome.Unavailable<>(reason, Outcome.Unavailable.Cause.INTERRUPTED));
    }
    AskedWaits.AskedWait wait = held ? state.asked.of(site).orElse(null) : null;
    if (wait != null) {
      return Optional.of(words.held(site, wait));
    }
    if (last && (faulty.fault() == Fault.MALFORMED || faulty.fault() == Fault.OF_OTHER_FORM)) {
      return Optional.of(new Outcome.Malformed<>(reason, false));
    }
    return Optional.of(
        new Outcome.Unavailable<>(
            reason,
            budget.spent()
                ? Outcome.Unavailable.Cause.RETRIES_SPENT
                : Outcome.Unavailable.Cause.ATTEMPTS));
  }
}
