package fathomexport.report.rows;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** What is stored differs from what this program wrote, so that it cannot be used. */
public class DamagedRowsException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Begins the remedy for what is not overwritten. */
  public static final String MOVE_AWAY = "move it away (";

  /** Begins the remedy for what may be lost. */
  public static final String REMOVE = "remove it (";

  private final String what;
  private final String remedy;
  private final boolean lost;

  /**
   * Creates the exception.
   *
   * @param what the damage and its place
   * @param remedy what to do first
   * @param lost whether rows must be exported again after that
   */
  public DamagedRowsException(String what, String remedy, boolean lost, @Nullable Throwable cause) {
    super(
        what
            + ": "
            + remedy
            + (lost ? ", and then export its days again with backfill --force" : ""),
        cause);
    this.what = what;
    this.remedy = remedy;
    this.lost = lost;
  }

  public String what() {
    return what;
  }

  public String remedy() {
    return remedy;
  }

  public boolean lost() {
    return lost;
  }
}
