package fathomexport.sink.parquet;

import fathomexport.sink.Sink;
import fathomexport.sink.SinkModelContract;
import fathomexport.sink.parquet.file.ParquetSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import net.jqwik.api.lifecycle.AfterTry;
import org.jspecify.annotations.Nullable;

class ParquetSinkProperties extends SinkModelContract {
  private @Nullable Path root;

  @Override
  protected Sink openEmpty() {
    try {
      Path fresh = Files.createTempDirectory("parquet-model");
      root = fresh;
      return new ParquetSink(new ParquetSettings(fresh));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @AfterTry
  void removeRoot() throws IOException {
    if (root == null) {
      return;
    }
    List<Path> deepestFirst;
    try (Stream<Path> files = Files.walk(root)) {
      deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : deepestFirst) {
      Files.delete(file);
    }
  }
}
