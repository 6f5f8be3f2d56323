package fathomexport.report;

/** The operator of a filter. Source: the filtering reference of {@code GET /aggregations}. */
public enum Operator implements ApiNamed {
  /** Exact match. */
  IS("is"),
  /** Anything but an exact match. */
  IS_NOT("is not"),
  /** Contains the term; {@code *} is a wildcard. */
  IS_LIKE("is like"),
  IS_NOT_LIKE("is not like"),
  /** Matches a regular expression. */
  MATCHING("matching"),
  NOT_MATCHING("not matching");

  private final String apiName;

  Operator(String apiName) {
    this.apiName = apiName;
  }

  @Override
  public String apiName() {
    return apiName;
  }
}
