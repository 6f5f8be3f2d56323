package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
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
import fathomexport.simulator.world.Conversion;
import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.SimulatedSite;
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
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Text from outside reaches no terminal, log or page with characters that mean something there. */
class ShownTest {
  private static final LocalDate DAY = LocalDate.of(2025, 6, 11);
  private static final Instant NOW = Instant.parse("2025-06-13T14:00:00Z");
  private static final String SITE = "CDBUGS";

  /** Colours what follows, and forges a line. */
  private static final String EVENT = "buy\u001b[31m\nfathom-export: all is well\u009b2J";

  private static final String EVENT_SHOWN =
      "buy\\u001b[31m\\u000afathom-export: all is well\\u009b2J";

  /** Reverses what stands behind it; the rest is what people write. */
  private static final String NAME = "caf\u00e9 \u202egnp.exe \u2066\ud83d\udc69\u200d\ud83d\udcbb";

  private static final String NAME_SHOWN =
      "caf\u00e9 \\u202egnp.exe \\u2066\ud83d\udc69\u200d\ud83d\udcbb";

  @TempDir Path directory;

  private static World world() {
    World world =
        World.empty()
            .addSite(
                new SimulatedSite(
                    SITE, NAME, ZoneOffset.UTC, Instant.parse("2024-01-01T00:00:00Z")))
            .addEvent(SITE, EVENT);
    return world.add(
        SITE,
        Conversion.of(EVENT, DAY.atStartOfDay().toInstant(ZoneOffset.UTC))
            .with(Dimension.PATHNAME, "/\u202e\n\u001b]0;title\u0007"));
  }

  private Installation install(TestDatabase database, FathomSimulator api) {
    return new Installation(
            directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
        .settings(1000)
        .pipeline(
            "all",
            "all",
            "[postgres, parquet]",
            List.of(Question.events("goals", "day", "pathname")));
  }

  /** What no output may hold, but for the breaks of its own lines. */
  private static void assertSafe(String what, String output) {
    assertThat(
            output
                .codePoints()
                .filter(
                    c ->
                        c != '\n'
                            && (Character.isISOControl(c)
                                || (c >= 0x2028 && c <= 0x202e)
                                || (c >= 0x2066 && c <= 0x2069)
                                || (c >= 0xd800 && c <= 0xdfff)))
                .mapToObj(c -> String.format("U+%04X", c))
                .distinct()
                .toList())
        .as("%s: %s", what, output)
        .isEmpty();
    assertThat(output.lines()).as(what).noneMatch(l -> l.startsWith("fathom-export: all is well"));
  }

  private static Installation.Ended ended(Installation installation, String... command) {
    Installation.Ended ended = installation.run(command);
    assertSafe(String.join(" ", command), ended.out());
    assertSafe(String.join(" ", command), ended.err());
    return ended;
  }

  @Test
  void everyCommandShowsNamesAsEscapes() throws IOException {
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api = FathomSimulator.start(world(), Behaviour.unlimited())) {
      Installation installation = install(database, api);

      assertThat(ended(installation, "sites").out()).contains(NAME_SHOWN);
      JsonNode sites = new ObjectMapper().readTree(ended(installation, "sites", "--json").out());
      assertThat(sites.get(0).path("name").textValue()).isEqualTo(NAME);
      assertThat(ended(installation, "plan", "all").out()).contains(EVENT_SHOWN);
      Installation.Ended run = ended(installation, "run", "all");
      assertThat(run.code()).as(run.said()).isZero();
      List<String> events = new ArrayList<>();
      for (String line : run.err().lines().toList()) {
        String event = new ObjectMapper().readTree(line).path("event_name").textValue();
        if (event != null) {
          events.add(event);
        }
      }
      assertThat(events).isNotEmpty().containsOnly(EVENT);
      for (String[] command :
          new String[][] {
            {"run", "all", "--json"},
            {"status", "all"},
            {"status", "all", "--json"},
            {"explain", "goals", SITE, DAY.toString()},
            {"explain", "goals", SITE, DAY.toString(), "--json"},
            {"verify", "all", "--from", DAY.toString(), "--to", DAY.toString()},
            {"run", "all", "--force"},
          }) {
        Installation.Ended ended = ended(installation, command);
        assertThat(ended.code()).as(ended.said()).isZero();
      }
      assertThat(ended(installation, "status", "all").out()).contains(EVENT_SHOWN);
      assertThat(ended(installation, "explain", "goals", SITE, DAY.toString()).out())
          .contains(EVENT_SHOWN);

      ended(installation, "status", "all", "--html", "status.html");
      String page = Files.readString(directory.resolve("status.html"));
      assertSafe("the page", page);
      assertThat(page).contains("buy\\u001b[31m\\u000afathom-export");
    }
  }

  @Test
  void errorsThatQuoteArgumentsAndFilesAreOneLineEach() throws IOException {
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api = FathomSimulator.start(world(), Behaviour.unlimited())) {
      Installation installation = install(database, api);

      assertThat(ended(installation, "explain", "goals", "x\u001b[2J\ny", "2025-06-11").err())
          .contains("x\\u001b[2J\\u000ay");
      assertThat(ended(installation, "run", "no\u202ename").err()).contains("no\\u202ename");
      assertThat(ended(installation, "r\u001b[2Jun", "all").err()).contains("r\\u001b[2Jun");
      assertThat(ended(installation, "plan", "all", "--from", "x\u001b", "--to", "y").err())
          .contains("x\\u001b");
      installation.write(
          "pipelines/odd.yaml",
          "sites: all\n\"a\\e[31m\\nb\u202e\": 1\nsinks: [\"\\u202epost\"]\n");
      assertThat(ended(installation, "validate", "odd").out())
          .contains("a\\u001b[31m\\u000ab\\u202e")
          .contains("'\\u202epost'");
      assertThat(ended(installation, "run", "odd").err()).contains("a\\u001b[31m\\u000ab\\u202e");
      String longName = "y".repeat(10_000);
      assertThat(ended(installation, "run", longName).err())
          .hasSizeLessThan(1_000)
          .contains("characters)");
    }
  }

  /** On a terminal: the bar may move the cursor, a name or the API's words may not. */
  @Test
  void theProgressBarAndTheEndOnATerminal() throws IOException {
    Behaviour refusing =
        Behaviour.unlimited()
            .withFault(
                FaultRule.when(
                    r -> r.aggregation() > 0,
                    new Fault.Status(
                        422,
                        "application/json",
                        "{\"error\":\"no \\u001b[31m\\nfathom-export: all is well\\u202e\"}",
                        Map.of())));
    for (Behaviour behaviour : List.of(Behaviour.unlimited(), refusing)) {
      boolean refused = behaviour == refusing;
      try (TestDatabase database = TestDatabase.migrated();
          FathomSimulator api = FathomSimulator.start(world(), behaviour)) {
        Installation installation = install(database, api);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code =
            Main.run(
                List.of("run", "all"),
                new Environment(
                    installation.variables(),
                    directory,
                    new PrintStream(out, true, StandardCharsets.UTF_8),
                    new PrintStream(err, true, StandardCharsets.UTF_8),
                    InstantSource.fixed(NOW),
                    true,
                    new Shutdown()));

        String results = out.toString(StandardCharsets.UTF_8);
        assertThat(code).as(results).isEqualTo(refused ? 78 : 0);
        assertSafe("results", results);
        if (refused) {
          assertThat(results).contains(EVENT_SHOWN).contains("fathom-export: all is well");
        }
        assertThat(err.toString(StandardCharsets.UTF_8))
            .contains("\r")
            .doesNotContain("\u001b[31m")
            .doesNotContain("\u202e");
      }
    }
  }

  @Test
  void whatIsLoggedIsOneLineAndItsExceptionHasNoLinesOfItsOwn() {
    LoggerContext context = new LoggerContext();
    IllegalStateException cause = new IllegalStateException("cause \u001b[2J\nat forged.Line");
    RuntimeException thrown = new RuntimeException("first \u202e\nat forged.Line", cause);
    thrown.addSuppressed(new IOException("hidden\u2028at forged.Line"));
    LoggingEvent event =
        new LoggingEvent(
            "x",
            context.getLogger("a.b.Some"),
            Level.WARN,
            "site {} is odd",
            thrown,
            new Object[] {"\u001b[31m\nWARN all is well"});
    for (boolean terminal : new boolean[] {true, false}) {
      String before = System.getProperty("fathomexport.terminal");
      System.setProperty("fathomexport.terminal", Boolean.toString(terminal));
      String logged;
      try {
        LogEncoder encoder = new LogEncoder();
        encoder.setContext(context);
        encoder.setPattern("%-5level %logger{0}: ");
        encoder.start();
        logged = new String(encoder.encode(event), StandardCharsets.UTF_8);
      } finally {
        if (before == null) {
          System.clearProperty("fathomexport.terminal");
        } else {
          System.setProperty("fathomexport.terminal", before);
        }
      }
      String text = logged.replace("\t", "");
      assertSafe("logged", text);
      if (terminal) {
        assertThat(text)
            .startsWith("WARN  Some: site \\u001b[31m\\u000aWARN all is well is odd\n")
            .contains("\njava.lang.RuntimeException: first \\u202e\\u000aat forged.Line\n")
            .contains("\nCaused by: java.lang.IllegalStateException: cause \\u001b[2J\\u000aat")
            .contains("\nSuppressed: java.io.IOException: hidden\\u2028at forged.Line\n");
      } else {
        assertThat(text.lines()).hasSize(1);
      }
      assertThat(logged.lines()).noneMatch(l -> l.strip().startsWith("at forged"));
    }
  }
}
