package fathomexport.api;

import fathomexport.api.pacing.AskedWaits;
import fathomexport.api.pacing.CircuitBreaker;
import fathomexport.api.pacing.RetryBudget;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What all views of a client share: what the API has shown so far. */
final class ClientState {
  /** Number of requests that count as pageviews of the plan. */
  final AtomicLong billed = new AtomicLong();

  private final Map<CallScope, RetryBudget> budgets = new ConcurrentHashMap<>();
  private final Supplier<RetryBudget> newBudget;

  /** The end of the wait that was reported last. */
  final AtomicReference<Instant> announced = new AtomicReference<>(Instant.EPOCH);

  /** Whether the API has responded with a 429 since it last answered. */
  final AtomicBoolean limited = new AtomicBoolean();

  /** Why the API counts as down, or null if it does not. */
  volatile @Nullable String downWords;

  final CircuitBreaker breaker;
  final AskedWaits asked;

  /**
   * @param newBudget creates the retry budget of one site and report
   */
  ClientState(CircuitBreaker breaker, AskedWaits asked, Supplier<RetryBudget> newBudget) {
    this.breaker = breaker;
    this.asked = asked;
    this.newBudget = newBudget;
  }

  /** Returns the retries that calls about the same site and for the same report share. */
  RetryBudget budget(CallScope about) {
    return budgets.computeIfAbsent(about, scope -> newBudget.get());
  }
}
