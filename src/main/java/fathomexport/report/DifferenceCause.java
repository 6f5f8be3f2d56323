package fathomexport.report;

/** Why a stored number differs from the one that the API reports, or from what was exported. */
public enum DifferenceCause {
  /** The period is not stored, although the API counts something. */
  NEVER_EXPORTED,
  /** The stored rows are not those that were exported. */
  CHANGED_IN_STORAGE,
  /** The rows are as exported, but the API's totals have changed since. */
  CHANGED_AT_THE_API,
  /**
   * The rows are as exported, but another sink holds others, and they are what the API reports: for
   * example because an older file was restored.
   */
  OTHER_SINK_AGREES,
  /** The rows are as exported, but under another definition of the report. */
  OTHER_DEFINITION,
  /** The rows are as exported, but in another time zone of the site. */
  OTHER_ZONE,
  /** The rows are as exported, and are known to be incomplete. */
  INCOMPLETE,
  /** The rows of the period's month or year cannot be read: see the damaged files. */
  DAMAGED;

  /** Returns the cause for people. */
  public String words() {
    return switch (this) {
      case NEVER_EXPORTED -> "never exported";
      case CHANGED_IN_STORAGE -> "stored rows were changed after the export";
      case CHANGED_AT_THE_API -> "the API's totals have changed since the export";
      case OTHER_SINK_AGREES -> "another sink holds what Fathom reports";
      case OTHER_DEFINITION -> "stale: the report's definition was changed";
      case OTHER_ZONE -> "stale: the site's time zone was changed";
      case INCOMPLETE -> "was incomplete when it was exported";
      case DAMAGED -> "the file of its month or year is damaged";
    };
  }
}
