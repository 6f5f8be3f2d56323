package fathomexport.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.Main;
import fathomexport.cli.process.Environment;
import fathomexport.cli.process.Shutdown;
import fathomexport.config.JsonSchema;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code validate --schema}, in a directory without any configuration. */
class SchemaOptionTest {
  @TempDir Path directory;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int run(String... arguments) {
    try (PrintStream outStream = new PrintStream(out, true, StandardCharsets.UTF_8);
        PrintStream errStream = new PrintStream(err, true, StandardCharsets.UTF_8)) {
      return Main.run(
          List.of(arguments),
          new Environment(
              Map.of(),
              directory,
              outStream,
              errStream,
              InstantSource.fixed(Instant.EPOCH),
              false,
              new Shutdown()));
    }
  }

  @ParameterizedTest
  @EnumSource
  void printsTheSchemaAndNothingElse(JsonSchema schema) {
    assertThat(run("validate", "--schema", schema.label())).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo(schema.json());
    assertThat(err.size()).isZero();
  }

  @Test
  void namesTheSchemasThatThereAre() {
    assertThat(run("validate", "--schema", "reports")).isEqualTo(2);
    assertThat(out.size()).isZero();
    assertThat(err.toString(StandardCharsets.UTF_8))
        .contains("'reports'")
        .contains("write settings or pipeline");
  }
}
