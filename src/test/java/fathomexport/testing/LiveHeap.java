package fathomexport.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** What another JVM holds on its heap, garbage left out. */
public final class LiveHeap {
  private LiveHeap() {}

  /** Bytes of the objects that are reachable, after a full collection. */
  public static long bytes(long pid) {
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
            Long.toString(pid),
            "GC.class_histogram");
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
        List<String> lines = out.lines().toList();
        return lines.stream()
            .filter(line -> line.startsWith("Total"))
            .findFirst()
            .map(line -> Long.parseLong(line.strip().split("\\s+", -1)[2]))
            .orElseThrow(() -> new IllegalStateException(String.join("\n", lines)));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
