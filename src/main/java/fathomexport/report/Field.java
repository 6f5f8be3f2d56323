package fathomexport.report;

import java.util.Set;

/**
 * A field to group by, to filter on, or both. Source: {@code field_grouping} and the filtering
 * reference of {@code GET /aggregations}: {@code domain} can only be used in filters, {@code
 * keyword} only for grouping.
 */
public enum Field implements ApiNamed {
  DOMAIN("domain", Kind.TEXT, false),
  HOSTNAME("hostname", Kind.TEXT, true),
  PATHNAME("pathname", Kind.TEXT, true),
  REFERRER_HOSTNAME("referrer_hostname", Kind.TEXT, true),
  REFERRER_PATHNAME("referrer_pathname", Kind.TEXT, true),
  REFERRER_SOURCE("referrer_source", Kind.TEXT, true),
  BROWSER("browser", Kind.CATEGORICAL, true),
  COUNTRY_CODE("country_code", Kind.CATEGORICAL, true),
  CITY("city", Kind.CATEGORICAL, true),
  STATE("state", Kind.CATEGORICAL, true),
  REGION("region", Kind.CATEGORICAL, true),
  DEVICE_TYPE("device_type", Kind.CATEGORICAL, true),
  OPERATING_SYSTEM("operating_system", Kind.CATEGORICAL, true),
  UTM_CAMPAIGN("utm_campaign", Kind.TEXT, true),
  UTM_CONTENT("utm_content", Kind.TEXT, true),
  UTM_MEDIUM("utm_medium", Kind.TEXT, true),
  UTM_SOURCE("utm_source", Kind.TEXT, true),
  UTM_TERM("utm_term", Kind.TEXT, true),
  KEYWORD("keyword", Kind.UNFILTERABLE, true),
  REF("ref", Kind.TEXT, true);

  /** Which operators a filter on the field accepts. */
  public enum Kind {
    /** All six operators. */
    TEXT,
    /** {@code is} and {@code is not} only. */
    CATEGORICAL,
    /** None. */
    UNFILTERABLE
  }

  private static final Set<Operator> ALL = Set.of(Operator.values());
  private static final Set<Operator> EXACT = Set.of(Operator.IS, Operator.IS_NOT);

  private final String apiName;
  private final Kind kind;
  private final boolean groupable;

  Field(String apiName, Kind kind, boolean groupable) {
    this.apiName = apiName;
    this.kind = kind;
    this.groupable = groupable;
  }

  @Override
  public String apiName() {
    return apiName;
  }

  public Kind kind() {
    return kind;
  }

  public boolean groupable() {
    return groupable;
  }

  /**
   * Returns the operators that a filter on this field may use; empty if it cannot be filtered on.
   */
  public Set<Operator> operators() {
    return switch (kind) {
      case TEXT -> ALL;
      case CATEGORICAL -> EXACT;
      case UNFILTERABLE -> Set.of();
    };
  }
}
