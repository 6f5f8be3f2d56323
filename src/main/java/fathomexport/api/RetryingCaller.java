package fathomexport.api;

import fathomexport.api.CallAttempt.Fault;
import fathomexport.api.CallWaits.AllowanceSpentException;
import fathomexport.api.CallWaits.WaitTooLongException;
import fathomexport.api.Transport.BodyReader;
import fathomexport.api.pacing.AskedWaits;
import fathomexport.api.pacing.CappedPermits;
import fathomexport.api.pacing.CircuitBreaker;
import fathomexport.api.pacing.RetryPolicy;
import fathomexport.api.pacing.StoppedException;
import fathomexport.api.pacing.WaitAllowance;
import fathomexport.report.SiteId;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the calls of a client: each waits for its site, the circuit breaker and a permit, and is
 * retried where that can help.
 */
final class RetryingCaller {
  private static final Logger LOG = LoggerFactory.getLogger(FathomClient.class);

  private final String baseUrl;
  private final RunControls controls;
  private final Transport transport;
  private final ClientState state;
  private final CallRules rules;
  private final CallWaits waits;
  private final UnavailableWords words;
  private final RequestSender sender;
  private final AccountProbe account;
  private final RetryDecision decision;

  RetryingCaller(
      String baseUrl,
      RetryPolicy policy,
      RunControls controls,
      Transport transport,
      ClientState state) {
    this(baseUrl, controls, transport, state, CallRules.of(policy));
  }

  private RetryingCaller(
      String baseUrl,
      RunControls controls,
      Transport transport,
      ClientState state,
      CallRules rules) {
    this.baseUrl = baseUrl;
    this.controls = controls;
    this.transport = transport;
    this.state = state;
    this.rules = rules;
    this.waits = new CallWaits(rules, controls, state);
    this.words = new UnavailableWords(rules, state, waits);
    this.sender = new RequestSender(baseUrl, controls, transport, state, waits);
    this.account = new AccountProbe(sender, state, words);
    this.decision = new RetryDecision(rules, state, waits, words, account);
  }

  /** Returns a caller by other rules, which counts its own billed requests. */
  private RetryingCaller by(CallRules others) {
    return new RetryingCaller(baseUrl, controls, transport, state, others);
  }

  /** Returns a caller that counts its own billed requests. */
  RetryingCaller counting() {
    return by(rules);
  }

  /** Returns a caller that makes at most this number of attempts at a call. */
  RetryingCaller withAttempts(int most) {
    return by(rules.withAttempts(most));
  }

  /** Returns a caller whose calls end with {@code DOWN} where they would wait for more in all. */
  RetryingCaller within(WaitAllowance most) {
    return by(rules.within(most));
  }

  /** Returns a caller whose calls end with {@code HELD} where they would have to wait for long. */
  RetryingCaller postponing() {
    return by(rules.postponing());
  }

  /**
   * Returns a caller for what a run can do without: its calls wait neither for a site nor for an
   * API that does not respond, and for the account no longer than for any other retry.
   */
  RetryingCaller dispensable() {
    return by(rules.dispensable());
  }

  /** Returns the number of billed requests of this caller. */
  long billedHere() {
    return sender.billed();
  }

  /** Waits until something may be sent about a site. */
  void awaitSite(Endpoint endpoint, @Nullable SiteId site)
      throws InterruptedException, StoppedException {
    waits.awaitSite(endpoint, site);
  }

  /**
   * Makes a call.
   *
   * @param about whose retry budget the call uses
   * @param preparation runs before each attempt
   * @param reader reads the body of an answer
   */
  <T> Outcome<T> call(
      Endpoint endpoint,
      CallScope about,
      String pathAndQuery,
      RequestSender.Preparation preparation,
      BodyReader<T> reader) {
    CircuitBreaker breaker = state.breaker;
    try {
      for (int attempt = 1; ; attempt++) {
        AskedWaits.AskedWait held = state.asked.of(about.site()).orElse(null);
        if (held != null && !rules.waitsInPlace(held.time())) {
          return words.held(about.site(), held);
        }
        waits.awaitSite(endpoint, about.site());
        if (rules.isDispensable() && breaker.isPausing()) {
          return new Outcome.Unavailable<>(breaker.reason(), Outcome.Unavailable.Cause.INTERRUPTED);
        }
        CircuitBreaker.Pass pass =
            breaker.enter(about.site(), (time, reason) -> waits.awaitProbe(endpoint, time, reason));
        if (pass == CircuitBreaker.Pass.OVER) {
          account.findOutWhatIsDown();
          attempt--;
          continue;
        }
        if (pass == CircuitBreaker.Pass.SITE_DOWN) {
          return words.siteDown(about.site());
        }
        if (pass == CircuitBreaker.Pass.DOWN) {
          return words.down(endpoint);
        }
        boolean probe = pass == CircuitBreaker.Pass.PROBE;
        CallAttempt<T> end = null;
        try {
          end = sender.send(endpoint, about.site(), pathAndQuery, attempt, preparation, reader);
        } finally {
          if (probe && !(end instanceof CallAttempt.Faulty || isAnswer(end))) {
            breaker.abandoned();
          }
        }
        if (isAnswer(end)) {
          state.limited.set(false);
          state.downWords = null;
          breaker.answered(about.site());
        }
        if (end instanceof CallAttempt.Usable<T> usable) {
          state.budget(about).answered();
          return new Outcome.Success<>(usable.answer());
        } else if (end instanceof CallAttempt.Refused<T> refused) {
          return refused.refusal();
        } else if (end instanceof CallAttempt.Misconfigured<T> hopeless) {
          return new Outcome.Misconfigured<>(hopeless.reason());
        } else if (end instanceof CallAttempt.Faulty<T> faulty) {
          Optional<Outcome<T>> last = decision.after(endpoint, about, attempt, probe, faulty);
          if (last.isPresent()) {
            return last.get();
          }
          if (waits.waitsWithoutAttempt(faulty) || breaker.isOpen()) {
            attempt = 0; // The attempts of this query do not include the wait.
          } else if (faulty.fault() == Fault.LIMIT || state.asked.of(about.site()).isEmpty()) {
            waits.pause(endpoint, about, attempt, faulty);
          }
        } else if (end instanceof CallAttempt.Lapsed) {
          LOG.warn(
              "{}: this process was suspended for too long; requesting a new permit",
              endpoint.path());
          attempt--;
        } else {
          return new Outcome.Stopped<>();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Outcome.Stopped<>();
    } catch (StoppedException e) {
      return new Outcome.Stopped<>();
    } catch (CappedPermits.CapReachedException e) {
      return new Outcome.Spent<>(e.most());
    } catch (AllowanceSpentException e) {
      return words.waitedEnough(e.reason(), e.limit());
    } catch (WaitTooLongException e) {
      return words.closed(e.endpoint(), e.permitWait());
    }
  }

  /** Returns whether the API responded, even if with a refusal. */
  private static boolean isAnswer(@Nullable CallAttempt<?> end) {
    return end instanceof CallAttempt.Usable
        || end instanceof CallAttempt.Refused
        || (end instanceof CallAttempt.Faulty<?> faulty
            && faulty.fault() == Fault.MALFORMED_FOR_GOOD);
  }
}
