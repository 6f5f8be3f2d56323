package fathomexport.lineage;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Appends events to a file, one line per event. */
final class LinesSender implements EventDelivery.Sender {
  private final Path file;

  LinesSender(Path file) {
    this.file = file;
  }

  @Override
  public void send(String event) throws IOException {
    // Each event is written in one call, because runs of several pipelines may share the file.
    Files.write(
        file,
        (event + "\n").getBytes(StandardCharsets.UTF_8),
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }

  @Override
  public void close() {}
}
