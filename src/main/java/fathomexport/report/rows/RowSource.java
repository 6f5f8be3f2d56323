package fathomexport.report.rows;

import java.io.Closeable;
import java.io.IOException;

/** A stream of encoded rows. */
public interface RowSource extends Closeable {
  /** Moves to the next row; false at the end. */
  boolean next() throws IOException;

  /** The current row's bytes, the first {@link #length()} of them; valid until the next move. */
  byte[] buffer();

  int length();
}
