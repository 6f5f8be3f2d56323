package fathomexport.simulator.answer;

import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.SimulatedSite;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of {@code GET /aggregations}, parsed and validated.
 *
 * @param event the event's name; null for pageviews
 * @param from first local second; null for the first recorded data
 * @param to last local second, included; null for now
 * @param zone the zone of local times: the site's, or the one in the request
 * @param offset number of rows to skip
 */
public record AggregationQuery(
    SimulatedSite site,
    @Nullable String event,
    List<String> aggregates,
    Grouping grouping,
    List<Dimension> fields,
    @Nullable Sort sort,
    @Nullable LocalDateTime from,
    @Nullable LocalDateTime to,
    ZoneId zone,
    @Nullable Integer limit,
    int offset,
    List<Condition> filters) {

  public static final List<String> PAGEVIEW_AGGREGATES =
      List.of("visits", "uniques", "pageviews", "avg_duration", "bounce_rate");
  public static final List<String> EVENT_AGGREGATES =
      List.of("conversions", "unique_conversions", "value");

  public enum Grouping {
    NONE,
    HOUR,
    DAY,
    MONTH,
    YEAR
  }

  public enum Operator {
    IS("is"),
    IS_NOT("is not"),
    IS_LIKE("is like"),
    IS_NOT_LIKE("is not like"),
    MATCHING("matching"),
    NOT_MATCHING("not matching");

    final String apiName;

    Operator(String apiName) {
      this.apiName = apiName;
    }

    boolean complement() {
      return this == IS_NOT || this == IS_NOT_LIKE || this == NOT_MATCHING;
    }
  }

  /**
   * The sort order.
   *
   * @param key {@code timestamp}, an aggregate or a field
   */
  public record Sort(String key, boolean ascending) {}

  /**
   * A filter.
   *
   * @param pattern searched for in the actual value; unused for {@code is} and {@code is not}
   */
  public record Condition(Dimension property, Operator operator, String value, Pattern pattern) {
    boolean matches(@Nullable String actual, boolean complementsDropNull) {
      if (actual == null) {
        return operator.complement() && !complementsDropNull;
      }
      boolean found =
          switch (operator) {
            case IS, IS_NOT -> actual.equals(value);
            case IS_LIKE, IS_NOT_LIKE, MATCHING, NOT_MATCHING -> pattern.matcher(actual).find();
          };
      return found != operator.complement();
    }
  }
}
