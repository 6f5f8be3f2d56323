package fathomexport.api;

import fathomexport.api.answer.RawRow;
import fathomexport.api.answer.RowHandler;
import java.io.IOException;

/**
 * Marks the exceptions of a caller's row handler, so that they are not taken for ones of the
 * connection.
 */
record GuardedHandler(RowHandler handler) implements RowHandler {
  @Override
  public void restart() throws IOException {
    handler.restart();
  }

  @Override
  public void row(RawRow row) {
    try {
      handler.row(row);
    } catch (IOException e) {
      throw new HandlerException(e);
    }
  }

  /** Carries an exception of the handler. */
  static final class HandlerException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final IOException thrown;

    HandlerException(IOException thrown) {
      super(thrown);
      this.thrown = thrown;
    }

    /** Returns what the handler threw. */
    IOException thrown() {
      return thrown;
    }
  }
}
