package fathomexport.report;

import java.util.Arrays;
import java.util.List;

/** A measure of a report. Source: parameter {@code aggregates} of {@code GET /aggregations}. */
public enum Aggregate implements ApiNamed {
  /** Unique site visits. */
  VISITS("visits", Entity.PAGEVIEW, ColumnType.BIGINT, false),
  /** Unique visitors; the API's page calls them unique page visits. */
  UNIQUES("uniques", Entity.PAGEVIEW, ColumnType.BIGINT, false),
  PAGEVIEWS("pageviews", Entity.PAGEVIEW, ColumnType.BIGINT, true),
  /** Seconds; null when nothing was measured. */
  AVG_DURATION("avg_duration", Entity.PAGEVIEW, ColumnType.DOUBLE, false),
  /** Percent, 0 to 100; null when there were no visits. */
  BOUNCE_RATE("bounce_rate", Entity.PAGEVIEW, ColumnType.DOUBLE, false),
  CONVERSIONS("conversions", Entity.EVENT, ColumnType.BIGINT, true),
  UNIQUE_CONVERSIONS("unique_conversions", Entity.EVENT, ColumnType.BIGINT, false),
  /** Cents. */
  VALUE("value", Entity.EVENT, ColumnType.BIGINT, true);

  private final String apiName;
  private final Entity entity;
  private final ColumnType type;
  private final boolean additive;

  Aggregate(String apiName, Entity entity, ColumnType type, boolean additive) {
    this.apiName = apiName;
    this.entity = entity;
    this.type = type;
    this.additive = additive;
  }

  @Override
  public String apiName() {
    return apiName;
  }

  public Entity entity() {
    return entity;
  }

  public ColumnType type() {
    return type;
  }

  /**
   * Returns whether the values of disjoint groups add up to the value of all of them. Certificates
   * compare the sums of these measures.
   */
  public boolean additive() {
    return additive;
  }

  /** Returns whether null is a valid value. Where it is not, a null means a damaged row. */
  public boolean nullable() {
    return type == ColumnType.DOUBLE || this == VALUE;
  }

  /** Returns the additive measures of an entity, in the API's order. */
  public static List<Aggregate> additiveOf(Entity entity) {
    return Arrays.stream(values()).filter(a -> a.entity == entity && a.additive).toList();
  }
}
