package fathomexport.simulator.world;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A field of a pageview or event, as the API's documentation lists them for {@code field_grouping}.
 */
public enum Dimension {
  HOSTNAME("hostname", Filtering.TEXT),
  PATHNAME("pathname", Filtering.TEXT),
  REFERRER_HOSTNAME("referrer_hostname", Filtering.TEXT),
  REFERRER_PATHNAME("referrer_pathname", Filtering.TEXT),
  REFERRER_SOURCE("referrer_source", Filtering.TEXT),
  BROWSER("browser", Filtering.CATEGORICAL),
  COUNTRY_CODE("country_code", Filtering.CATEGORICAL),
  CITY("city", Filtering.CATEGORICAL),
  STATE("state", Filtering.CATEGORICAL),
  REGION("region", Filtering.CATEGORICAL),
  DEVICE_TYPE("device_type", Filtering.CATEGORICAL),
  OPERATING_SYSTEM("operating_system", Filtering.CATEGORICAL),
  UTM_CAMPAIGN("utm_campaign", Filtering.TEXT),
  UTM_CONTENT("utm_content", Filtering.TEXT),
  UTM_MEDIUM("utm_medium", Filtering.TEXT),
  UTM_SOURCE("utm_source", Filtering.TEXT),
  UTM_TERM("utm_term", Filtering.TEXT),
  KEYWORD("keyword", Filtering.NONE),
  REF("ref", Filtering.TEXT);

  /** Which operators the API's documentation allows on a field. */
  public enum Filtering {
    /** All six operators. */
    TEXT,
    /** {@code is} and {@code is not} only. */
    CATEGORICAL,
    /** None: the field is for grouping only. */
    NONE
  }

  private static final List<Dimension> ALL = List.of(values());

  private final String apiName;
  private final Filtering filtering;

  Dimension(String apiName, Filtering filtering) {
    this.apiName = apiName;
    this.filtering = filtering;
  }

  /** Returns the API's name of the field. */
  public String apiName() {
    return apiName;
  }

  /** Returns which operators a filter on the field may use. */
  public Filtering filtering() {
    return filtering;
  }

  /**
   * Returns the field's index in arrays with one value per field, which never leave the process.
   */
  @SuppressWarnings("EnumOrdinal")
  public int column() {
    return ordinal();
  }

  /** Returns the field with this API name, or empty. */
  public static Optional<Dimension> named(String apiName) {
    return ALL.stream().filter(d -> d.apiName.equals(apiName)).findFirst();
  }

  /** Returns the API names of all fields, in the order of the documentation. */
  public static List<String> apiNames() {
    return Arrays.stream(values()).map(Dimension::apiName).toList();
  }
}
