package fathomexport.report;

import java.util.Set;

/**
 * A field to group by, to filter on, or both. Source: {@code field_grouping} and the filtering
 * reference of {@code GET /aggregations}: {@code domain} can only be used in filters, {@code
 * keyword} only for grouping.
 */
public enum Field implements ApiNamed {
  DOMAIN("domain", Filtering.TEXT, false),
  HOSTNAME("hostname", Filtering.TEXT, true),
  PATHNAME("pathname", Filtering.TEXT, true),
  REFERRER_HOSTNAME("referrer_hostname", Filtering.TEXT, true),
  REFERRER_PATHNAME("referrer_pathname", Filtering.TEXT, true),
  REFERRER_SOURCE("referrer_source", Filtering.TEXT, true),
  BROWSER("browser", Filtering.CATEGORICAL, true),
  COUNTRY_CODE("country_code", Filtering.CATEGORICAL, true),
  CITY("city", Filtering.CATEGORICAL, true),
  STATE("state", Filtering.CATEGORICAL, true),
  REGION("region", Filtering.CATEGORICAL, true),
  DEVICE_TYPE("device_type", Filtering.CATEGORICAL, true),
  OPERATING_SYSTEM("operating_system", Filtering.CATEGORICAL, true),
  UTM_CAMPAIGN("utm_campaign", Filtering.TEXT, true),
  UTM_CONTENT("utm_content", Filtering.TEXT, true),
  UTM_MEDIUM("utm_medium", Filtering.TEXT, true),
  UTM_SOURCE("utm_source", Filtering.TEXT, true),
  UTM_TERM("utm_term", Filtering.TEXT, true),
  KEYWORD("keyword", Filtering.UNFILTERABLE, true),
  REF("ref", Filtering.TEXT, true);

  /** Which operators a filter on the field accepts. */
  public enum Filtering {
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
  private final Filtering kind;
  private final boolean groupable;

  Field(String apiName, Filtering kind, boolean groupable) {
    this.apiName = apiName;
    this.kind = kind;
    this.groupable = groupable;
  }

  @Override
  public String apiName() {
    return apiName;
  }

  public Filtering kind() {
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
