package fathomexport.sink.parquet;

import fathomexport.sink.Sink;
import fathomexport.sink.SinkContract;
import fathomexport.sink.parquet.file.ParquetSettings;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** What every sink does, done with files. */
class ParquetContractTest extends SinkContract {
  @TempDir Path root;

  @Override
  protected Sink open() {
    return new ParquetSink(new ParquetSettings(root.resolve("warehouse")));
  }
}
