package fathomexport.api;

import java.io.IOException;

/**
 * Takes the rows of an answer as they are read. What it took counts only when the call ends as a
 * success: an answer may break off, or turn out to be unusable, behind its last row. The time that
 * it takes counts toward the call's deadline.
 */
public interface RowHandler {
  /** Called before each attempt: forget all rows. */
  void restart() throws IOException;

  /**
   * One row.
   *
   * @param row valid until this method returns: it is used again for the next row
   */
  void row(RawRow row) throws IOException;
}
