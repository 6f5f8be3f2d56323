package fathomexport.simulator.behaviour;

import java.util.function.Predicate;

/**
 * Decides to which requests a fault applies.
 *
 * @param times the maximum number of times, 1 or more
 */
public record FaultRule(Predicate<ApiRequest> when, int times, Fault fault) {
  public FaultRule {
    if (times < 1) {
      throw new IllegalArgumentException("times must be at least 1: " + times);
    }
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
