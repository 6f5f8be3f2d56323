package fathomexport.api;

import fathomexport.api.pacing.AskedWaits;
import fathomexport.api.pacing.CircuitBreaker;
import fathomexport.api.pacing.ProcessPermits;
import fathomexport.api.pacing.RetryBudget;
import fathomexport.api.pacing.RetryPolicy;
import fathomexport.api.pacing.StopSignal;
import fathomexport.api.pacing.VirtualTime;
import fathomexport.report.SecretRef;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** The parts that make a client's calls, each by itself, in virtual time. */
final class CallerParts implements AutoCloseable {
  final VirtualTime time = new VirtualTime();
  final StopSignal stop = new StopSignal();
  final List<RequestListener.Event> events = new ArrayList<>();
  final RunControls controls;
  final ClientState state;
  final CallWaits waits;
  final RequestSender sender;
  final AccountProbe account;
  final RetryDecision decision;

  private final Transport transport;

  /**
   * @param retries the reserve of each site and report
   */
  CallerParts(URI baseUrl, CallRules rules, int retries) {
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
    transport = new Transport(settings, Map.of(), "token", "test", stop, Duration.ZERO, time);
    waits = new CallWaits(policy, controls, state);
    UnavailableWords words = new UnavailableWords(policy, state, waits, true);
    sender = new RequestSender(baseUrl.toString(), controls, transport, state, waits);
    account = new AccountProbe(sender, state, words);
    decision = new RetryDecision(rules, state, waits, words, account);
  }

  @Override
  public void close() {
    transport.close();
    state.breaker.close();
    controls.reports().close();
    controls.lookups().close();
  }
}
