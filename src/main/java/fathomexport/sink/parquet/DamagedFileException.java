package fathomexport.sink.parquet;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A data file is not what this program wrote there. */
final class DamagedFileException extends IOException {
  private static final long serialVersionUID = 1L;

  DamagedFileException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
