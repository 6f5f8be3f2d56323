package fathomexport.api;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.api.CallAttempt.Fault;
import fathomexport.api.pacing.AskedWaits;
import fathomexport.api.pacing.CircuitBreaker;
import fathomexport.api.pacing.ProcessPermits;
import fathomexport.api.pacing.RetryBudget;
import fathomexport.api.pacing.RetryPolicy;
import fathomexport.api.pacing.StopSignal;
import fathomexport.api.pacing.StoppedException;
import fathomexport.api.pacing.VirtualTime;
import fathomexport.report.SecretRef;
import fathomexport.simulator.behaviour.SimulatorToken;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * The parts that make a client's calls, each by itself, in virtual time. A wait that has no end is
 * ended by a stop.
 */
final class CallerParts implements AutoCloseable {
  /** Nothing that a test waits for takes as long. */
  private static final Duration LONGEST = Duration.ofDays(30);

  final VirtualTime time = new VirtualTime();
  final StopSignal stop = new StopSignal();
  final List<RequestListener.Event> events = new ArrayList<>();
  final RunControls controls;
  final ClientState state;
  final CallWaits waits;
  final RequestSender sender;
  final AccountProbe account;
  final RetryDecision decision;
  final RetryingCaller caller;

  private final Transport transport;

  /**
   * @param retries the reserve of each site and report
   */
  CallerParts(URI baseUrl, CallRules rules, int retries) {
    time.at(LONGEST.toNanos(), stop::stop);
    RetryPolicy policy = rules.policy();
    ApiSettings settings =
        new ApiSettings(
            baseUrl,
            new SecretRef.Env("FATHOM_API_TOKEN"),
            10,
            1,
            Duration.ofSeconds(30),
            1 << 20,
            policy);
    controls =
        new RunControls(
            new ProcessPermits(10, Duration.ofMinutes(1), 1, time, stop),
            RunControls.lookupPermits(settings, time, stop),
            () -> new RetryBudget(retries, 10),
            stop,
            events::add,
            time,
            new Random(1));
    state =
        new ClientState(
            new CircuitBreaker(policy.patience(), policy.longestAskedWait(), time, stop),
            new AskedWaits(time),
            controls.budgets());
    transport =
        new Transport(
            settings,
            Map.of(),
            SimulatorToken.STANDARD.secret(),
            "test",
            stop,
            Duration.ZERO,
            time);
    waits = new CallWaits(CallRules.of(policy), controls, state);
    UnavailableWords words = new UnavailableWords(CallRules.of(policy), state, waits);
    sender = new RequestSender(baseUrl.toString(), controls, transport, state, waits);
    account = new AccountProbe(sender, state, words);
    decision = new RetryDecision(rules, state, waits, words, account);
    caller = new RetryingCaller(baseUrl.toString(), policy, controls, transport, state);
  }

  /**
   * Decides what becomes of a billed call after an attempt at it.
   *
   * @param probe whether the attempt was the circuit breaker's probe
   * @param asked the wait that the response asks for; null if it asks for none
   */
  Optional<Outcome<String>> after(
      CallScope about, int attempt, boolean probe, Fault fault, @Nullable Duration asked)
      throws Exception {
    return decision.after(
        Endpoint.AGGREGATIONS,
        about,
        attempt,
        probe,
        new CallAttempt.Faulty<>("it went wrong", fault, asked));
  }

  /** Opens the circuit breaker, and waits until the next request is its probe. */
  void beginProbe() throws Exception {
    state.breaker.trip("503: down", false);
    assertThat(state.breaker.enter(null, (time, reason) -> {}))
        .isEqualTo(CircuitBreaker.Pass.PROBE);
  }

  /**
   * Waits until the circuit breaker lets the next probe through, and returns how long that took.
   *
   * @throws StoppedException if none is let through, because a probe is under way
   */
  Duration waitForNextProbe() throws Exception {
    Duration start = time.elapsed();
    assertThat(state.breaker.enter(null, (wait, reason) -> {}))
        .isEqualTo(CircuitBreaker.Pass.PROBE);
    return time.elapsed().minus(start);
  }

  @Override
  public void close() {
    transport.close();
    state.breaker.close();
    controls.reports().close();
    controls.lookups().close();
  }
}
