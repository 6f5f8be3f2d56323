package fathomexport.lineage;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Adds events to a file, a line each. */
final class LinesSender implements Delivery.Sender {
  private final Path file;

  LinesSender(Path file) {
    this.file = file;
  }

  @Override
  public void send(String event) throws IOException {
    // In one piece: runs of several pipelines may write to one file.
    Files.write(
        file,
        (event + "\n").getBytes(StandardCharsets.UTF_8),
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }

  @Override
  public void close() {}
}
