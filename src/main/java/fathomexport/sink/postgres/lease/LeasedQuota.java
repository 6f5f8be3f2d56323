package fathomexport.sink.postgres.lease;

/** The quota of an account that permits are taken from. */
public enum LeasedQuota {
  /** The quota of the billed endpoints. */
  REPORTS("reports"),
  /** The quota of all other endpoints. */
  LOOKUPS("lookups");

  private final String key;

  LeasedQuota(String key) {
    this.key = key;
  }

  /** Returns the quota's name in the tables. */
  String key() {
    return key;
  }
}
