package fathomexport.run;

/** Why a window was not exported. The order decides the exit code when several kinds apply. */
public enum FailureKind {
  /** The API rejects what the configuration queries. */
  CONFIGURATION(78),
  /** Invalid token or missing permission. */
  PERMISSION(77),
  /** An internal error; please report it. */
  FAULT(70),
  /** A failure of the disk or the database. */
  STORAGE(74),
  /** The API is unavailable, or another run holds the lock. Trying again later may help. */
  TRY_LATER(75),
  /** Not started or abandoned because the run's budget is spent. The next run resumes here. */
  BUDGET(75),
  /** Quarantined or incomplete data. */
  INCOMPLETE(65),
  /** A stop was requested. */
  STOPPED(143);

  private final int exitCode;

  FailureKind(int exitCode) {
    this.exitCode = exitCode;
  }

  public int exitCode() {
    return exitCode;
  }
}
