package fathomexport.simulator.answer;

import fathomexport.simulator.behaviour.Behaviour;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import org.jspecify.annotations.Nullable;

/** The aggregates of a group, computed from its sums. */
final class GroupMeasures {
  private static final MathContext FOURTEEN_DIGITS = new MathContext(14, RoundingMode.HALF_UP);

  private GroupMeasures() {}

  /** Returns an aggregate of a group; null if it has none. */
  static @Nullable BigDecimal number(String aggregate, Group g, Behaviour behaviour) {
    return switch (aggregate) {
      case "visits" -> BigDecimal.valueOf(g.visits);
      case "uniques" ->
          BigDecimal.valueOf(behaviour.visitorsRecognised() ? g.visitors.size() : g.uniques);
      case "unique_conversions" -> BigDecimal.valueOf(g.uniques);
      case "pageviews", "conversions" -> BigDecimal.valueOf(g.records);
      case "avg_duration" -> g.timed == 0 ? null : ratio(g.seconds, g.timed);
      case "bounce_rate" -> g.visits == 0 ? null : rate(g, behaviour);
      case "value" ->
          behaviour.valueNullWithoutCents() && g.priced == 0 && g.records > 0
              ? null
              : BigDecimal.valueOf(g.cents);
      default -> throw new IllegalArgumentException(aggregate);
    };
  }

  private static BigDecimal ratio(long part, long whole) {
    return BigDecimal.valueOf(part).divide(BigDecimal.valueOf(whole), FOURTEEN_DIGITS);
  }

  private static BigDecimal rate(Group g, Behaviour behaviour) {
    BigDecimal ratio =
        behaviour.ratesToFourDigits()
            ? BigDecimal.valueOf(g.bounces)
                .divide(BigDecimal.valueOf(g.visits), 4, RoundingMode.HALF_UP)
            : ratio(g.bounces, g.visits);
    return switch (behaviour.rateUnit()) {
      case RATIO -> ratio;
      case PERCENTAGE -> ratio.movePointRight(2);
    };
  }
}
