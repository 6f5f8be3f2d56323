package fathomexport.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.cli.App;
import fathomexport.cli.process.Environment;
import fathomexport.cli.process.Shutdown;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.truth.Truth;
import fathomexport.simulator.truth.TruthQuery;
import fathomexport.simulator.world.SimulatedSite;
import fathomexport.simulator.world.World;
import fathomexport.testing.DashboardData;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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

    assertThat(run("demo", "--dir", "a demo", "--json", "--dashboard")).as(this::err).isZero();

    JsonNode result = new ObjectMapper().readTree(out());
    assertThat(result.get("tables")).hasSize(7);
    for (JsonNode table : result.get("tables")) {
      assertThat(table.get("rows").asLong()).as(table.toString()).isPositive();
      assertThat(table.get("certified").asLong()).as(table.toString()).isPositive();
      assertThat(table.get("uncertified").asLong()).as(table.toString()).isZero();
      assertThat(table.get("incomplete").asLong()).as(table.toString()).isZero();
    }
    assertThat(result.get("traffic")).hasSize(31);
    leftAPage(Path.of(result.get("dashboard").asText()));
  }

  /** The page has the numbers of the simulated visits, and the files have the same. */
  private void leftAPage(Path file) throws IOException {
    assertThat(file).isEqualTo(directory.resolve("a demo/dashboard.html"));
    String page = Files.readString(file);
    assertThat(page.length()).isLessThan(2_000_000);
    assertThat(page).contains("default-src 'none'");
    JsonNode data = DashboardData.withoutSource(page);
    LocalDate last = LocalDate.of(2026, 4, 14);
    LocalDate first = last.minusMonths(1).plusDays(1);
    World world = World.dozen(1, first, last, 0);
    Truth truth = new Truth(world, Behaviour.unlimited());
    for (SimulatedSite site : world.sites()) {
      JsonNode shown = DashboardData.site(data, site.id());
      assertThat(shown.get("states").textValue()).hasSize(31).matches("[ce]*");
      for (String measure : List.of("visits", "uniques", "pageviews")) {
        Map<LocalDate, Long> wanted = new TreeMap<>();
        first.datesUntil(last.plusDays(1)).forEach(day -> wanted.put(day, 0L));
        truth
            .rows(TruthQuery.pageviews(site.id(), first, last).by("day"))
            .forEach(row -> wanted.put((LocalDate) row.get("date"), (Long) row.get(measure)));
        List<Long> numbers = new ArrayList<>();
        shown.get(measure).forEach(n -> numbers.add(n.isNull() ? null : n.longValue()));
        assertThat(numbers)
            .as("%s of %s", measure, site.id())
            .containsExactlyElementsOf(wanted.values());
      }
    }

    Path home = directory;
    directory = directory.resolve("a demo");
    assertThat(run("describe", "--format", "dashboard", "--from-files")).as(this::err).isZero();
    directory = home;
    assertThat(DashboardData.withoutSource(out())).isEqualTo(data);
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
