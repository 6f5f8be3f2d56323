package fathomexport.simulator;

import java.util.function.Predicate;

/**
 * When a fault happens.
 *
 * @param times how often at most
 */
public record FaultRule(Predicate<ApiRequest> when, int times, Fault fault) {
  public FaultRule {
    if (times < 1) {
      throw new IllegalArgumentException("times must be at least 1: " + times);
    }
  }

  /** Every request that fits. */
  public static FaultRule when(Predicate<ApiRequest> fits, Fault fault) {
    return new FaultRule(fits, Integer.MAX_VALUE, fault);
  }

  /** The n-th request to {@code /aggregations}, counted from 1. */
  public static FaultRule onAggregation(int n, Fault fault) {
    return when(r -> r.aggregation() == n, fault);
  }

  /** The first so many requests to {@code /aggregations} that fit. */
  public static FaultRule first(int times, Predicate<ApiRequest> fits, Fault fault) {
    return new FaultRule(r -> r.aggregation() > 0 && fits.test(r), times, fault);
  }
}
