package fathomexport.simulator.behaviour;

import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Decides to which requests a fault applies.
 *
 * @param times the maximum number of times, 1 or more
 * @param user the user whose requests it is for; null for those of all users
 */
public record FaultRule(Predicate<ApiRequest> when, int times, Fault fault, @Nullable String user) {
  public FaultRule {
    if (times < 1) {
      throw new IllegalArgumentException("times must be at least 1: " + times);
    }
  }

  /** Creates a rule for the requests of all users. */
  public FaultRule(Predicate<ApiRequest> when, int times, Fault fault) {
    this(when, times, fault, null);
  }

  /** Returns this rule for the requests of one user. */
  public FaultRule of(String oneUser) {
    return new FaultRule(when, times, fault, oneUser);
  }

  /** Returns whether the rule is for a request. */
  public boolean fits(ApiRequest request, String ofUser) {
    return (user == null || user.equals(ofUser)) && when.test(request);
  }

  /** Creates a rule for every matching request. */
  public static FaultRule when(Predicate<ApiRequest> fits, Fault fault) {
    return new FaultRule(fits, Integer.MAX_VALUE, fault);
  }

  /** Creates a rule for the n-th request to {@code /aggregations}, counted from 1. */
  public static FaultRule onAggregation(int n, Fault fault) {
    return when(r -> r.aggregation() == n, fault);
  }

  /** Creates a rule for the first matching requests to {@code /aggregations}, up to this number. */
  public static FaultRule first(int times, Predicate<ApiRequest> fits, Fault fault) {
    return new FaultRule(r -> r.aggregation() > 0 && fits.test(r), times, fault);
  }
}
