package fathomexport.api.answer;

import java.io.IOException;

/**
 * Receives the rows of a response as they are parsed. The rows are valid only if the call succeeds:
 * a response may break off or prove unusable after its last row. The time that the handler takes
 * counts toward the call's deadline.
 */
public interface RowHandler {
  /** Called before each attempt. Discards all rows so far. */
  void restart() throws IOException;

  /**
   * Receives one row.
   *
   * @param row valid until this method returns, because the instance is reused for the next row
   */
  void row(RawRow row) throws IOException;
}
