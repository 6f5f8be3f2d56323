package fathomexport.simulator;

import com.sun.net.httpserver.HttpExchange;
import fathomexport.simulator.answer.ApiProblem;
import fathomexport.simulator.behaviour.ApiRequest;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Quota;
import fathomexport.simulator.behaviour.SimulatorToken;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Decides which requests are let in: tokens, requests in flight, closures and quotas. */
final class Admission {
  private final Map<String, QuotaMeter> reportMeters = new HashMap<>();
  private final Map<String, QuotaMeter> accountMeters = new HashMap<>();
  private final Map<Behaviour.Closure, Instant> closures = new HashMap<>();
  private final Map<String, Integer> underWay = new HashMap<>();

  /** Returns the token of a request. */
  static SimulatorToken token(HttpExchange exchange, Behaviour current) throws ApiProblem {
    String header = exchange.getRequestHeaders().getFirst("Authorization");
    if (header != null && header.startsWith("Bearer ")) {
      String secret = header.substring("Bearer ".length()).strip();
      for (SimulatorToken token : current.tokens()) {
        if (token.secret().equals(secret)) {
          return token;
        }
      }
    }
    throw ApiProblem.of(401, "Unauthenticated.");
  }

  /** Counts a request in flight. Returns how many the user has now. */
  int enter(String user) {
    synchronized (underWay) {
      return underWay.merge(user, 1, Integer::sum);
    }
  }

  /** Counts the end of a request; null for one that never entered. */
  void leave(@Nullable String user) {
    if (user != null) {
      synchronized (underWay) {
        underWay.merge(user, -1, Integer::sum);
      }
    }
  }

  /** Forgets what was counted against quotas that the new behaviour does not have. */
  void forgetOtherQuotas(Behaviour behaviour) {
    forgetOthers(reportMeters, behaviour.reportsQuota());
    forgetOthers(accountMeters, behaviour.accountQuota());
  }

  private static void forgetOthers(Map<String, QuotaMeter> meters, Quota quota) {
    synchronized (meters) {
      meters.values().removeIf(meter -> !meter.quota().equals(quota));
    }
  }

  /**
   * Counts a request against its quota.
   *
   * @throws ApiProblem if nothing is let in at this time, or the quota is used up
   */
  void count(ApiRequest request, SimulatorToken token, Behaviour current, Instant now)
      throws ApiProblem {
    boolean report =
        request.path().equals(ApiRequest.AGGREGATIONS)
            || request.path().equals(FathomSimulator.VERSION + "/current_visitors");
    Behaviour.Closure closure = current.closure();
    if (report && closure != null) {
      Duration left = left(closure, request, now);
      if (!left.isZero() && !left.isNegative()) {
        throw tooMany(current, now, left, "Too Many Attempts.");
      }
    }
    Quota quota = report ? current.reportsQuota() : current.accountQuota();
    Map<String, QuotaMeter> meters = report ? reportMeters : accountMeters;
    QuotaMeter meter;
    synchronized (meters) {
      meter =
          meters.compute(
              token.user(),
              (user, known) ->
                  known != null && known.quota().equals(quota) ? known : new QuotaMeter(quota));
    }
    Duration wait = meter.admit(now);
    if (!wait.isZero()) {
      throw tooMany(current, now, wait, "Too Many Attempts.");
    }
  }

  /**
   * Returns the rest of a period during which reports are rejected; zero or negative if there is
   * none.
   */
  private Duration left(Behaviour.Closure closure, ApiRequest request, Instant now) {
    synchronized (closures) {
      if (request.aggregation() > closure.afterAggregation()) {
        closures.putIfAbsent(closure, now.plus(closure.time()));
      }
      return Duration.between(now, closures.getOrDefault(closure, now));
    }
  }

  /** Creates the answer to a request that is not let in. */
  static ApiProblem tooMany(Behaviour current, Instant now, Duration wait, String message) {
    // Rounded up, so that a client that retries exactly then is not too early.
    long seconds = Math.max(1, (wait.toMillis() + 999) / 1000);
    Map<String, String> headers =
        switch (current.retryAfter()) {
          case SECONDS -> Map.of("Retry-After", Long.toString(seconds));
          case HTTP_DATE ->
              Map.of(
                  "Retry-After",
                  DateTimeFormatter.RFC_1123_DATE_TIME.format(
                      now.plus(wait).plusMillis(999).atOffset(ZoneOffset.UTC)));
          case ABSENT -> Map.of();
        };
    return ApiProblem.of(429, message, headers);
  }
}
