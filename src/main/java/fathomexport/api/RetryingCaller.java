package fathomexport.api;

import fathomexport.api.CallAttempt.Fault;
import fathomexport.api.CallWaits.WaitTooLongException;
import fathomexport.api.GuardedHandler.HandlerException;
import fathomexport.api.Transport.BodyReader;
import fathomexport.api.answer.Lookups;
import fathomexport.api.pacing.AskedWaits;
import fathomexport.api.pacing.CappedPermits;
import fathomexport.api.pacing.CircuitBreaker;
import fathomexport.api.pacing.Permits;
import fathomexport.api.pacing.RetryBudget;
import fathomexport.api.pacing.RetryPolicy;
import fathomexport.api.pacing.StoppedException;
import fathomexport.report.SiteId;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
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
  private final RetryPolicy policy;
  private final RunControls controls;
  private final Transport transport;
  private final ClientState state;
  private final CallWaits waits;
  private final UnavailableWords words;

  private static final String UNREACHABLE_ADVICE =
      "; check the network, HTTPS_PROXY where connections need a proxy, and api.base_url in the"
          + " settings";

  /** Number of billed requests of this caller. */
  private final AtomicLong billedHere = new AtomicLong();

  /** Maximum number of requests of one call, the first included; a 429 has its own maximum. */
  private final int attempts;

  private final SiteWaits siteWaits;

  /** What a call does if the API asks to wait for its site. */
  private enum SiteWaits {
    /** It waits, up to the longest wait that the run accepts. */
    IN_PLACE,
    /** It ends, unless the wait is short, because the caller queries other sites meanwhile. */
    POSTPONED,
    /** It ends, because the run can do without the answer. */
    NEVER
  }

  RetryingCaller(
      String baseUrl,
      RetryPolicy policy,
      RunControls controls,
      Transport transport,
      ClientState state) {
    this.baseUrl = baseUrl;
    this.policy = policy;
    this.controls = controls;
    this.transport = transport;
    this.state = state;
    this.waits = new CallWaits(policy, controls, state);
    this.words = new UnavailableWords(policy, state, waits, true);
    this.attempts = policy.maxAttempts();
    this.siteWaits = SiteWaits.IN_PLACE;
  }

  private RetryingCaller(
      RetryingCaller whole, RetryPolicy policy, int attempts, SiteWaits siteWaits) {
    this.baseUrl = whole.baseUrl;
    this.policy = policy;
    this.controls = whole.controls;
    this.transport = whole.transport;
    this.state = whole.state;
    this.waits = new CallWaits(policy, controls, state);
    this.words = new UnavailableWords(policy, state, waits, siteWaits != SiteWaits.NEVER);
    this.attempts = Math.min(attempts, whole.attempts);
    this.siteWaits = siteWaits;
  }

  /** Returns a caller that counts its own billed requests. */
  RetryingCaller counting() {
    return new RetryingCaller(this, policy, attempts, siteWaits);
  }

  /** Returns a caller that makes at most this number of attempts at a call. */
  RetryingCaller withAttempts(int most) {
    return new RetryingCaller(this, policy, most, siteWaits);
  }

  /** Returns a caller whose calls end with {@code HELD} where they would have to wait for long. */
  RetryingCaller postponing() {
    return new RetryingCaller(this, policy, attempts, SiteWaits.POSTPONED);
  }

  /**
   * Returns a caller for what a run can do without: its calls wait neither for a site nor for an
   * API that does not respond, and for the account no longer than for any other retry.
   */
  RetryingCaller dispensable() {
    RetryPolicy few = policy.dispensable();
    return new RetryingCaller(this, few, few.maxAttempts(), SiteWaits.NEVER);
  }

  /** Returns the number of billed requests of this caller. */
  long billedHere() {
    return billedHere.get();
  }

  /** Waits until something may be sent about a site. */
  void awaitSite(Endpoint endpoint, @Nullable SiteId site)
      throws InterruptedException, StoppedException {
    waits.awaitSite(endpoint, site);
  }

  /** An action that runs before each attempt. */
  interface Preparation {
    void prepare() throws IOException;

    /** Called when a request is sent, which does not happen if no connection comes about. */
    default void sent() {}
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
      Preparation preparation,
      BodyReader<T> reader) {
    RetryBudget budget = state.budgets.computeIfAbsent(about, scope -> controls.budgets().get());
    CircuitBreaker breaker = state.breaker;
    try {
      for (int attempt = 1; ; attempt++) {
        AskedWaits.Left held = state.asked.of(about.site()).orElse(null);
        if (held != null && !waitsInPlace(held.time())) {
          return words.held(about.site(), held);
        }
        waits.awaitSite(endpoint, about.site());
        if (siteWaits == SiteWaits.NEVER && breaker.isPausing()) {
          return new Outcome.Unavailable<>(breaker.reason(), Outcome.Unavailable.Cause.INTERRUPTED);
        }
        CircuitBreaker.Pass pass =
            breaker.enter(
                about.site(),
                (time, reason) -> waits.longWait(endpoint, waits.inFuture(time), reason));
        if (pass == CircuitBreaker.Pass.OVER) {
          findOutWhatIsDown();
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
          end =
              attempt(endpoint, about.site(), baseUrl + pathAndQuery, attempt, preparation, reader);
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
          budget.answered();
          return new Outcome.Success<>(usable.answer());
        } else if (end instanceof CallAttempt.Refused<T> refused) {
          return refused.refusal();
        } else if (end instanceof CallAttempt.Misconfigured<T> hopeless) {
          return new Outcome.Misconfigured<>(hopeless.reason());
        } else if (end instanceof CallAttempt.Faulty<T> faulty) {
          Optional<Outcome<T>> last = faulty(endpoint, about, budget, attempt, probe, faulty);
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

  private <T> CallAttempt<T> attempt(
      Endpoint endpoint,
      @Nullable SiteId site,
      String url,
      int attempt,
      Preparation preparation,
      BodyReader<T> reader)
      throws InterruptedException, StoppedException {
    RequestListener listener = controls.listener();
    Permits.Permit permit = waits.permits(endpoint).acquire(wait -> waits.waiting(endpoint, wait));
    try {
      preparation.prepare();
    } catch (IOException e) {
      permit.close();
      throw new HandlerException(e);
    }
    long start = controls.time().nanos();
    boolean usable = false;
    try {
      Runnable sent =
          () -> {
            if (endpoint.billed()) {
              state.billed.incrementAndGet();
              billedHere.incrementAndGet();
            }
            preparation.sent();
            listener.on(new RequestListener.Event.Sent(endpoint, attempt));
          };
      CallAttempt<T> end =
          transport.attempt(url, permit, sent, endpoint.maxBodyBytes(), endpoint.billed(), reader);
      if (end instanceof CallAttempt.Faulty<T> faulty) {
        waits.obey(endpoint, site, faulty);
      }
      if (end instanceof CallAttempt.Faulty<T> faulty && faulty.fault() == Fault.LIMIT) {
        permit.limited();
        state.limited.set(true);
        listener.on(new RequestListener.Event.Limited(endpoint));
      }
      usable = end instanceof CallAttempt.Usable<T>;
      return end;
    } finally {
      permit.close();
      Duration took = Duration.ofNanos(controls.time().nanos() - start);
      listener.on(new RequestListener.Event.Answered(endpoint, attempt, usable, took));
    }
  }

  /** Returns whether a call waits for its site itself, rather than end. */
  private boolean waitsInPlace(Duration held) {
    return switch (siteWaits) {
      case IN_PLACE -> held.compareTo(policy.longestAskedWait()) <= 0;
      case POSTPONED -> held.compareTo(policy.cap()) <= 0;
      case NEVER -> held.isZero();
    };
  }

  /** Decides after a failed attempt: returns the outcome of the call, or empty to retry. */
  private <T> Optional<Outcome<T>> faulty(
      Endpoint endpoint,
      CallScope about,
      RetryBudget budget,
      int attempt,
      boolean probe,
      CallAttempt.Faulty<T> faulty)
      throws InterruptedException, StoppedException {
    CircuitBreaker breaker = state.breaker;
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
    boolean cleared = probe && site != null && policy.waits() && accountAnswers();
    if (cleared) {
      breaker.answered(null);
    }
    boolean probing = probe && !cleared;
    boolean unreachable = faulty.fault() == Fault.UNREACHABLE;
    int most =
        faulty.fault() == Fault.LIMIT
            ? policy.maxAttempts()
            : unreachable ? Math.min(attempts, policy.maxConnects()) : attempts;
    boolean last = attempt >= most;
    boolean retried = !probing && !last && budget.take();
    // A caller that continues with other sites gets to know of each call that is held.
    boolean held = retried && site != null && faulty.fault() != Fault.LIMIT && !waitsInPlace(asked);
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
    } else if (probing || (!cleared && !accountAnswers())) {
      // A run that waits has no patience that ends, so it must not take the trouble of its last
      // sites for the API's: the account decides, not the number of failures.
      breaker.trip(reason, probe);
    } else {
      breaker.answered(null);
    }
    if (breaker.isOver()) {
      findOutWhatIsDown();
    }
    if (breaker.isDown()) {
      return Optional.of(words.down(endpoint));
    }
    if (breaker.isOpen()) {
      return site == null && policy.waits()
          ? Optional.empty()
          : Optional.of(new Outcome.Unavailable<>(reason, Outcome.Unavailable.Cause.INTERRUPTED));
    }
    AskedWaits.Left wait = held ? state.asked.of(site).orElse(null) : null;
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

  /**
   * Returns whether the API responds to a request that does not depend on a site, if only with a
   * 429. Not billed.
   */
  private boolean accountAnswers() throws InterruptedException, StoppedException {
    return state.asked.of(null).isEmpty()
        && (!(attempt(Endpoint.TOKEN, null, baseUrl + "/token", 1, () -> {}, Lookups::token)
                instanceof CallAttempt.Faulty<?> faulty)
            || faulty.fault() == Fault.LIMIT);
  }

  /**
   * Decides, when the patience is over, whether the API is down or the sites that failed are: the
   * account's endpoint knows.
   */
  private void findOutWhatIsDown() throws InterruptedException, StoppedException {
    if (state.limited.get()) {
      state.downWords =
          "it has accepted no request"
              + words.patience()
              + ", but asked to wait (429) or failed each time"
              + ": "
              + state.breaker.reason();
      state.breaker.apiIsDown();
      return;
    }
    boolean answers;
    try {
      answers = accountAnswers();
    } catch (WaitTooLongException e) {
      answers = true; // Only a limit of the account's endpoint is known.
    }
    if (answers) {
      state.breaker.sitesAreDown();
    } else {
      state.downWords =
          "it has not answered any request" + words.patience() + ": " + state.breaker.reason();
      state.breaker.apiIsDown();
    }
  }
}
