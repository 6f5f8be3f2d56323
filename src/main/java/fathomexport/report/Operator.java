package fathomexport.report;

/** A filter's operator. Source: the filtering reference of {@code GET /aggregations}. */
public enum Operator implements ApiNamed {
  /** Exact match. */
  IS("is"),
  /** Everything but an exact match. */
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
