package fathomexport.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.cli.process.Environment;
import fathomexport.cli.process.GlobalOptions;
import fathomexport.cli.process.Shutdown;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** How a long wait is shown. */
class WaitingLineTest {
  private static final Instant NOW = Instant.parse("2026-03-15T01:00:00Z");
  private static final Instant UNTIL = Instant.parse("2026-03-15T02:15:01Z");

  private static String shown(boolean terminal) {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    try (Progress progress =
        Progress.of(
            new Environment(
                Map.of(),
                Path.of("."),
                new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                InstantSource.fixed(NOW),
                terminal,
                new Shutdown()),
            new GlobalOptions())) {
      progress.waitingLong(UNTIL, "the API asks to wait");
    }
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void aLogHasOneLine() throws Exception {
    String line = shown(false);
    assertThat(line.lines()).hasSize(1);
    JsonNode json = new ObjectMapper().readTree(line);
    assertThat(json.path("event").asText()).isEqualTo("waiting");
    assertThat(json.path("until").asText()).isEqualTo("2026-03-15T02:15:01Z");
    assertThat(json.path("reason").asText()).isEqualTo("the API asks to wait");
  }

  @Test
  void aPersonReadsUntilWhen() {
    assertThat(shown(true)).contains("waiting until 2026-03-15T02:15:01Z: the API asks to wait");
  }
}
