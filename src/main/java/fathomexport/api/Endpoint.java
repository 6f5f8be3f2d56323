package fathomexport.api;

/** What can be asked of the API. */
public enum Endpoint {
  AGGREGATIONS("/aggregations", true),
  CURRENT_VISITORS("/current_visitors", true),
  SITES("/sites", false),
  SITE("/sites/{id}", false),
  EVENTS("/sites/{id}/events", false),
  TOKEN("/token", false);

  private final String path;
  private final boolean billed;

  Endpoint(String path, boolean billed) {
    this.path = path;
    this.billed = billed;
  }

  /** Path below the base URL, for people. */
  public String path() {
    return path;
  }

  /** Whether a request counts as a pageview of the plan, and against the small quota. */
  public boolean billed() {
    return billed;
  }
}
