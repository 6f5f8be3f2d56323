package fathomexport.sink.parquet;

import fathomexport.sink.Sink;
import fathomexport.sink.SinkModelContract;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.testing.TestDirectories;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import net.jqwik.api.lifecycle.AfterTry;
import org.jspecify.annotations.Nullable;

class ParquetSinkProperties extends SinkModelContract {
  private @Nullable Path root;

  @Override
  protected Sink openEmpty() {
    try {
      Path fresh = TestDirectories.create();
      root = fresh;
      return new ParquetSink(new ParquetSettings(fresh));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @AfterTry
  void removeRoot() throws IOException {
    if (root != null) {
      TestDirectories.delete(root);
    }
  }
}
