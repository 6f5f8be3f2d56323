package fathomexport.report;

/** What a report counts. Source: parameter {@code entity} of {@code GET /aggregations}. */
public enum Entity implements ApiNamed {
  PAGEVIEW("pageview"),
  EVENT("event");

  private final String apiName;

  Entity(String apiName) {
    this.apiName = apiName;
  }

  @Override
  public String apiName() {
    return apiName;
  }
}
