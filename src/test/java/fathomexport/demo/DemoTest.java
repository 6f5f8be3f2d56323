package fathomexport.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.cli.App;
import fathomexport.cli.process.Environment;
import fathomexport.cli.process.Shutdown;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The newcomer's first minute. */
final class DemoTest {
  private static final String SCHEMA_IS = "# yaml-language-server: $schema=";

  @TempDir Path directory;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int run(String... arguments) {
    out.reset();
    err.reset();
    try (PrintStream outStream = new PrintStream(out, true, StandardCharsets.UTF_8);
        PrintStream errStream = new PrintStream(err, true, StandardCharsets.UTF_8)) {
      return App.run(
          List.of(arguments),
          new Environment(
              Map.of(),
              directory,
              outStream,
              errStream,
              InstantSource.fixed(Instant.parse("2026-04-15T12:00:00Z")),
              false,
              new Shutdown()),
          DemoCommands::all);
    }
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void landsTwiceInOneDirectory() throws IOException {
    assertThat(run("demo", "--dir", "a demo")).as(this::err).isZero();

    assertThat(err()).isEmpty();
    assertThat(out())
        .contains("2026-03-15 to 2026-04-14")
        .contains("nightly: done")
        .contains("rheinkaffee.example  /  ")
        .contains("psql -h 127.0.0.1 -p ");
    try (Stream<Path> files = Files.walk(directory)) {
      assertThat(files.filter(f -> f.startsWith(directory.resolve("a demo/warehouse/pages_daily"))))
          .anyMatch(f -> f.endsWith("site_id=KQWZTRBM/month=2026-03/data.parquet"));
    }
    for (String name : List.of("conf/fathom-export.yaml", "pipelines/nightly.yaml")) {
      Path file = directory.resolve("a demo").resolve(name);
      String first = Files.readString(file).lines().findFirst().orElseThrow();
      assertThat(first).startsWith(SCHEMA_IS);
      assertThat(file.resolveSibling(first.substring(SCHEMA_IS.length())).normalize())
          .isRegularFile();
    }
    try (Stream<Path> beside = Files.list(directory)) {
      assertThat(beside).containsExactly(directory.resolve("a demo"));
    }

    assertThat(run("demo", "--dir", "a demo", "--json")).as(this::err).isZero();

    JsonNode result = new ObjectMapper().readTree(out());
    assertThat(result.get("tables")).hasSize(7);
    for (JsonNode table : result.get("tables")) {
      assertThat(table.get("rows").asLong()).as(table.toString()).isPositive();
      assertThat(table.get("certified").asLong()).as(table.toString()).isPositive();
      assertThat(table.get("uncertified").asLong()).as(table.toString()).isZero();
      assertThat(table.get("incomplete").asLong()).as(table.toString()).isZero();
    }
    assertThat(result.get("traffic")).hasSize(31);
  }

  @Test
  void leavesADirectoryAloneThatIsNotItsOwn() throws IOException {
    Path precious =
        Files.createDirectories(directory.resolve("mine/warehouse")).resolve("precious");
    Files.writeString(precious, "mine");

    assertThat(run("demo", "--dir", "mine")).isEqualTo(2);

    assertThat(err()).contains("contains files that are not of a demo");
    assertThat(precious).hasContent("mine");
  }

  @Test
  void oneAtATimeInADirectory() throws Exception {
    try (DemoDirectory held = DemoDirectory.take(directory.resolve("demo"))) {
      assertThat(held.root()).isDirectory();
      assertThat(run("demo", "--dir", "demo")).isEqualTo(2);
      assertThat(err()).contains("another demo runs in");
    }
  }
}
