package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.LoggingEvent;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.cli.output.LogEncoder;
import fathomexport.cli.process.Environment;
import fathomexport.cli.process.Shutdown;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
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
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** What those who watch see of a run: log lines, metrics, and what the plan had said. */
class SeenTest {
  private static final LocalDate FIRST = LocalDate.of(2026, 6, 1);
  private static final LocalDate LAST = LocalDate.of(2026, 6, 20);
  private static final Instant NOW = Instant.parse("2026-06-22T14:00:00Z");

  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("pages_daily", "day", "pathname"),
          Question.pageviews("visits_of_pages_daily", "day", "pathname").measuring("visits"),
          Question.events("goals_daily", "day", "browser"));

  private static final Set<String> KEYS =
      Set.of(
          "ts",
          "level",
          "event",
          "run_id",
          "pipeline",
          "command",
          "report",
          "site",
          "event_name",
          "first",
          "last",
          "status",
          "windows",
          "rows",
          "requests",
          "requests_so_far",
          "exit_code",
          "logger",
          "until",
          "reason");

  @TempDir Path directory;

  private Installation install(TestDatabase database, FathomSimulator api) {
    return new Installation(
            directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
        .settings(1_000_000)
        .pipeline("all", "[" + World.BUSY_SITE + "]", "[postgres, parquet]", REPORTS);
  }

  private static World world() {
    return World.dozen(21, FIRST, LAST, 0);
  }

  private static String withoutThePlainLine(String err) {
    List<String> plain = err.lines().filter(line -> !line.startsWith("{")).toList();
    assertThat(plain).hasSize(1).allMatch(line -> line.startsWith("fathom-export: "));
    return err.lines().filter(line -> line.startsWith("{")).collect(Collectors.joining("\n"));
  }

  private static List<JsonNode> lines(String err) {
    ObjectMapper json = new ObjectMapper();
    List<JsonNode> lines = new ArrayList<>();
    for (String line : err.lines().toList()) {
      try {
        JsonNode node = json.readTree(line);
        Set<String> keys = new HashSet<>();
        node.fieldNames().forEachRemaining(keys::add);
        assertThat(keys).as(line).isEqualTo(KEYS);
        assertThat(Instant.parse(node.path("ts").textValue())).isNotNull();
        lines.add(node);
      } catch (IOException e) {
        throw new AssertionError("not a JSON line: " + line, e);
      }
    }
    return lines;
  }

  private static final Pattern SAMPLE =
      Pattern.compile(
          "([a-zA-Z_:][a-zA-Z0-9_:]*)\\{((?:[a-z_]+=\"(?:[^\"\\\\\\n"
              + "]|\\\\[\\\\n"
              + "\"])*\",?)*)\\} (-?[0-9.]+)");

  /** Reads the text format strictly: HELP, TYPE, then the samples of that name only. */
  private Map<String, Double> metrics(String file) {
    Map<String, Double> samples = new HashMap<>();
    String text;
    try {
      text = Files.readString(directory.resolve(file));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    assertThat(text).endsWith("\n");
    String described = "";
    String typed = "";
    Set<String> seen = new HashSet<>();
    for (String line : text.lines().toList()) {
      if (line.startsWith("# HELP ")) {
        described = line.split(" ", -1)[2];
        assertThat(seen.add(described)).as("described once: %s", line).isTrue();
      } else if (line.startsWith("# TYPE ")) {
        typed = line.split(" ", -1)[2];
        assertThat(line).endsWith(" gauge");
        assertThat(typed).isEqualTo(described);
      } else {
        Matcher sample = SAMPLE.matcher(line);
        assertThat(sample.matches()).as(line).isTrue();
        assertThat(sample.group(1)).isEqualTo(typed);
        assertThat(samples.put(line.substring(0, line.lastIndexOf(' ')), value(sample))).isNull();
      }
    }
    return samples;
  }

  private static double value(Matcher sample) {
    return Double.parseDouble(sample.group(3));
  }

  private static String key(String name, String command) {
    return "fathom_export_" + name + "{pipeline=\"all\",command=\"" + command + "\"}";
  }

  @Test
  void oneLinePerWindow() throws IOException {
    try (TestDatabase database = TestDatabase.migrated(REPORTS);
        FathomSimulator api = FathomSimulator.start(world(), Behaviour.unlimited())) {
      Installation.Ended ended =
          install(database, api)
              .run("backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString());

      assertThat(ended.code()).as(ended.said()).isZero();
      List<JsonNode> lines = lines(ended.err());
      assertThat(lines.get(0).path("event").textValue()).isEqualTo("planned");
      assertThat(lines.get(0).path("windows").intValue()).isEqualTo(lines.size() - 2);
      assertThat(lines.get(0).path("requests").intValue())
          .isEqualTo(api.log().aggregations().size());
      JsonNode last = lines.get(lines.size() - 1);
      assertThat(last.path("event").textValue()).isEqualTo("ended");
      assertThat(last.path("exit_code").intValue()).isZero();
      List<JsonNode> windows = lines.subList(1, lines.size() - 1);
      assertThat(windows)
          .allSatisfy(
              w -> {
                assertThat(w.path("event").textValue()).isEqualTo("window");
                assertThat(w.path("level").textValue()).isEqualTo("INFO");
                assertThat(w.path("pipeline").textValue()).isEqualTo("all");
                assertThat(w.path("command").textValue()).isEqualTo("backfill");
                assertThat(w.path("run_id")).isEqualTo(last.path("run_id"));
                assertThat(w.path("site").textValue()).isEqualTo(World.BUSY_SITE);
                assertThat(w.path("first").textValue()).isEqualTo(FIRST.toString());
                assertThat(w.path("last").textValue()).isEqualTo(LAST.toString());
                assertThat(w.path("status").textValue()).isEqualTo("committed");
                assertThat(w.path("event_name").isTextual())
                    .isEqualTo(w.path("report").textValue().equals("goals_daily"));
              });
      // Each request stands with one window, and none is forgotten.
      assertThat(windows.stream().mapToInt(w -> w.path("requests").intValue()).sum())
          .isEqualTo(api.log().aggregations().size());
      assertThat(windows.stream().mapToInt(w -> w.path("rows").intValue()).sum())
          .isEqualTo(last.path("rows").intValue());
    }
  }

  @Test
  void aPersonSeesABar() throws IOException {
    try (TestDatabase database = TestDatabase.migrated(REPORTS);
        FathomSimulator api = FathomSimulator.start(world(), Behaviour.unlimited())) {
      Installation installation = install(database, api);
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      ByteArrayOutputStream err = new ByteArrayOutputStream();

      int code =
          Main.run(
              List.of("backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString()),
              new Environment(
                  installation.variables(),
                  directory,
                  new PrintStream(out, true, StandardCharsets.UTF_8),
                  new PrintStream(err, true, StandardCharsets.UTF_8),
                  InstantSource.fixed(NOW),
                  true,
                  new Shutdown()));

      int requests = api.log().aggregations().size();
      String shown = err.toString(StandardCharsets.UTF_8);
      assertThat(code).as(shown).isZero();
      assertThat(shown).contains("Requests", "100%", requests + "/" + requests, " rows");
      assertThat(shown).doesNotContain("{\"ts\"");
      assertThat(out.toString(StandardCharsets.UTF_8)).startsWith("all: done");
    }
  }

  /** What is logged while nobody watches has the keys of all other lines. */
  @Test
  void whatIsLoggedIsALineOfTheSameKeys() {
    Logger logger = (Logger) LoggerFactory.getLogger("fathomexport.api.Some");
    LogEncoder encoder = new LogEncoder();
    encoder.setContext(logger.getLoggerContext());
    encoder.start();
    LoggingEvent event =
        new LoggingEvent(
            "",
            logger,
            Level.WARN,
            "two\nlines and \"{}\"",
            new IllegalStateException("why"),
            new Object[] {1});

    String line = new String(encoder.encode(event), StandardCharsets.UTF_8);

    List<JsonNode> lines = lines(line);
    assertThat(lines).hasSize(1);
    assertThat(lines.get(0).path("event").textValue()).isEqualTo("log");
    assertThat(lines.get(0).path("level").textValue()).isEqualTo("WARN");
    assertThat(lines.get(0).path("logger").textValue()).isEqualTo("Some");
    assertThat(lines.get(0).path("reason").textValue())
        .startsWith("two\nlines and \"1\"")
        .contains("IllegalStateException: why", "SeenTest");
  }

  @Test
  void aRunThatCannotBeginSaysSoInALineForPeopleAndInOneForPrograms() throws IOException {
    try (TestDatabase database = TestDatabase.migrated(REPORTS);
        FathomSimulator api = FathomSimulator.start(world(), Behaviour.unlimited())) {
      Installation installation =
          install(database, api).variable(Installation.TOKEN_VARIABLE, "no");

      Installation.Ended ended = installation.run("run", "all", "--metrics-file", "all.prom");

      assertThat(ended.code()).isEqualTo(77);
      List<JsonNode> lines = lines(withoutThePlainLine(ended.err()));
      JsonNode failed = lines.get(lines.size() - 1);
      assertThat(failed.path("event").textValue()).isEqualTo("failed");
      assertThat(failed.path("exit_code").intValue()).isEqualTo(77);
      assertThat(failed.path("reason").textValue()).contains("token");
      assertThat(metrics("all.prom"))
          .containsEntry(key("exit_code", "run"), 77.0)
          .doesNotContainKey(key("last_success_timestamp_seconds", "run"));
    }
  }

  @Test
  void metricsOfAGoodRunAndOfTheBadOneAfterIt() throws IOException {
    try (TestDatabase database = TestDatabase.migrated(REPORTS);
        FathomSimulator api = FathomSimulator.start(world(), Behaviour.unlimited())) {
      Installation installation = install(database, api);

      assertThat(installation.run("run", "all", "--metrics-file", "all.prom").code()).isZero();
      Map<String, Double> good = metrics("all.prom");
      int requests = api.log().aggregations().size();
      assertThat(good)
          .containsEntry(
              key("last_success_timestamp_seconds", "run"), (double) NOW.getEpochSecond())
          .containsEntry(key("last_run_timestamp_seconds", "run"), (double) NOW.getEpochSecond())
          .containsEntry(key("exit_code", "run"), 0.0)
          .containsEntry(key("requests", "run"), (double) requests)
          .containsEntry(key("limited_requests", "run"), 0.0)
          .containsEntry(
              "fathom_export_windows{pipeline=\"all\",command=\"run\",outcome=\"incomplete\"}",
              0.0);
      assertThat(good.get(key("rows", "run"))).isPositive();

      assertThat(
              installation
                  .run(
                      "verify",
                      "all",
                      "--from",
                      LAST.toString(),
                      "--to",
                      LAST.toString(),
                      "--metrics-file",
                      "v.prom")
                  .code())
          .isZero();
      assertThat(metrics("v.prom"))
          .containsEntry(key("exit_code", "verify"), 0.0)
          .containsEntry(
              key("requests", "verify"), (double) (api.log().aggregations().size() - requests))
          .doesNotContainKey(key("rows", "verify"));

      // The file is lost: what succeeded is in the ledger.
      Files.delete(directory.resolve("all.prom"));
      Instant later = NOW.plusSeconds(86_400);
      installation.at(later).variable(Installation.TOKEN_VARIABLE, "revoked");
      assertThat(installation.run("run", "all", "--metrics-file", "all.prom").code()).isEqualTo(77);
      assertThat(metrics("all.prom"))
          .containsEntry(
              key("last_success_timestamp_seconds", "run"), (double) NOW.getEpochSecond())
          .containsEntry(key("last_run_timestamp_seconds", "run"), (double) later.getEpochSecond())
          .containsEntry(key("exit_code", "run"), 77.0);

      // Neither the ledger nor the API answers: what the file said stands.
      installation.variable(TestDatabase.PASSWORD_VARIABLE, "wrong");
      assertThat(installation.run("run", "all", "--metrics-file", "all.prom").code())
          .isNotEqualTo(0);
      assertThat(metrics("all.prom"))
          .containsEntry(
              key("last_success_timestamp_seconds", "run"), (double) NOW.getEpochSecond());

      // Another command is no success of this one.
      assertThat(
              installation
                  .run(
                      "backfill",
                      "all",
                      "--from",
                      FIRST.toString(),
                      "--to",
                      FIRST.toString(),
                      "--metrics-file",
                      "b.prom")
                  .code())
          .isNotZero();
      assertThat(metrics("b.prom"))
          .doesNotContainKey(key("last_success_timestamp_seconds", "backfill"));
    }
  }

  @Test
  void aSnapshotIsSeenToo() throws IOException {
    try (TestDatabase database = TestDatabase.migrated(REPORTS);
        FathomSimulator api = FathomSimulator.start(world(), Behaviour.unlimited())) {
      Installation.Ended ended =
          install(database, api).run("snapshot", "all", "--metrics-file", "s.prom");

      assertThat(ended.code()).as(ended.said()).isZero();
      List<JsonNode> lines = lines(ended.err());
      assertThat(lines.stream().map(l -> l.path("event").textValue()))
          .containsExactly("planned", "window", "ended");
      assertThat(lines.get(1).path("site").textValue()).contains(World.BUSY_SITE);
      assertThat(metrics("s.prom"))
          .containsEntry(key("exit_code", "snapshot"), 0.0)
          .containsEntry(key("requests", "snapshot"), 1.0)
          .containsEntry(
              key("last_success_timestamp_seconds", "snapshot"), (double) NOW.getEpochSecond());

      // Also of a part of the sites: what is stored has nothing to do with a snapshot.
      ended =
          install(database, api)
              .run("snapshot", "all", "--site", World.BUSY_SITE, "--metrics-file", "part.prom");
      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(metrics("part.prom").keySet())
          .isNotEmpty()
          .noneMatch(name -> name.startsWith("fathom_export_periods"));
    }
  }

  @Test
  void metricsCountTheAnswersThatWere429() throws IOException {
    Behaviour behaviour =
        Behaviour.unlimited().withFault(FaultRule.onAggregation(2, Fault.tooMany("0")));
    try (TestDatabase database = TestDatabase.migrated(REPORTS);
        FathomSimulator api = FathomSimulator.start(world(), behaviour)) {
      Installation installation = install(database, api);

      Installation.Ended ended = installation.run("run", "all", "--metrics-file", "all.prom");

      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(metrics("all.prom"))
          .containsEntry(key("limited_requests", "run"), 1.0)
          .containsEntry(key("requests", "run"), (double) api.log().aggregations().size());
    }
  }

  @Test
  void thereMustBeAPlaceForTheMetrics() throws IOException {
    try (TestDatabase database = TestDatabase.migrated(REPORTS);
        FathomSimulator api = FathomSimulator.start(world(), Behaviour.unlimited())) {
      Installation.Ended ended =
          install(database, api).run("run", "all", "--metrics-file", "no/such/all.prom");
      assertThat(ended.code()).isEqualTo(74);
      assertThat(lines(withoutThePlainLine(ended.err()))).hasSize(1);
      assertThat(api.log().aggregations()).isEmpty();
    }
  }
}
