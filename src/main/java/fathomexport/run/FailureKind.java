package fathomexport.run;

/**
 * Why a window was not exported, in the order in which exit codes are chosen when several apply.
 */
public enum FailureKind {
  /** The API refuses what the configuration asks for. */
  CONFIGURATION(78),
  /** Token or permission. */
  PERMISSION(77),
  /** An internal error, which whoever meets it should report. */
  FAULT(70),
  /** Disk or database. */
  STORAGE(74),
  /** The API is down, another run holds the lock: try again later. */
  TRY_LATER(75),
  /** Not begun, or given up: the run's budget is spent, and the next one goes on. */
  BUDGET(75),
  /** Quarantined or incomplete data. */
  INCOMPLETE(65),
  /** A stop was asked. */
  STOPPED(143);

  private final int exitCode;

  FailureKind(int exitCode) {
    this.exitCode = exitCode;
  }

  public int exitCode() {
    return exitCode;
  }
}
