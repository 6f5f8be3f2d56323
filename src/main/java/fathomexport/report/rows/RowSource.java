package fathomexport.report.rows;

import java.io.Closeable;
import java.io.IOException;

/** A stream of encoded rows. */
public interface RowSource extends Closeable {
  /** Moves to the next row. Returns false at the end. */
  boolean next() throws IOException;

  /**
   * Returns the array that holds the current row in its first {@link #length()} bytes. It is valid
   * until the next move.
   */
  byte[] buffer();

  int length();
}
