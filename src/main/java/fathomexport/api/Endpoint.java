package fathomexport.api;

/** The endpoints of the API. */
public enum Endpoint {
  AGGREGATIONS("/aggregations", true, Long.MAX_VALUE),
  CURRENT_VISITORS("/current_visitors", true, Sizes.LIST),
  SITES("/sites", false, Sizes.LIST),
  SITE("/sites/{id}", false, Sizes.OBJECT),
  EVENTS("/sites/{id}/events", false, Sizes.LIST),
  MILESTONES("/sites/{id}/milestones", false, Sizes.LIST),
  TOKEN("/token", false, Sizes.OBJECT);

  private static final class Sizes {
    /** A page of a list holds 100 records of less than a kilobyte each. */
    static final long LIST = 4L << 20;

    static final long OBJECT = 1L << 20;
  }

  private final String path;
  private final boolean billed;
  private final long maxBodyBytes;

  Endpoint(String path, boolean billed, long maxBodyBytes) {
    this.path = path;
    this.billed = billed;
    this.maxBodyBytes = maxBodyBytes;
  }

  /** Returns the path below the base URL, for display. */
  public String path() {
    return path;
  }

  /**
   * Returns whether a request counts as a pageview of the plan and against the quota per minute.
   */
  public boolean billed() {
    return billed;
  }

  /** Returns the maximum size of a response in bytes; the settings may lower it. */
  long maxBodyBytes() {
    return maxBodyBytes;
  }
}
