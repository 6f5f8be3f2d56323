package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The lines of the log about what went wrong: a program can act on them. */
class LogLinesTest {
  private static final LocalDate LAST = LocalDate.of(2026, 3, 13);
  private static final Instant NOW = Instant.parse("2026-03-15T14:00:00Z");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String SITE = World.BUSY_SITE;

  @TempDir Path directory;

  private static List<JsonNode> lines(Installation.Ended ended) {
    return ended
        .err()
        .lines()
        .map(
            line -> {
              try {
                return JSON.readTree(line);
              } catch (JsonProcessingException e) {
                throw new UncheckedIOException(e);
              }
            })
        .toList();
  }

  private static List<JsonNode> of(String event, List<JsonNode> lines) {
    return lines.stream().filter(line -> line.path("event").asText().equals(event)).toList();
  }

  private Installation.Ended run(Behaviour behaviour, String sites, String command)
      throws IOException {
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api =
            FathomSimulator.start(World.dozen(17, LAST.minusDays(3), LAST, 0), behaviour)) {
      Installation.Ended ended =
          new Installation(
                  directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
              .pipeline(
                  "nightly",
                  sites,
                  "[parquet]",
                  List.of(
                      Question.pageviews("traffic_daily", "day"),
                      Question.pageviews("pages_daily", "day", "pathname")))
              .run(command, "nightly");
      requests = api.log().aggregations().size();
      return ended;
    }
  }

  private int requests;

  private static Behaviour listing(List<String> odd) {
    String records = String.join(",", odd) + ",{\"id\":\"" + SITE + "\",\"timezone\":\"UTC\"}";
    return Behaviour.unlimited()
        .withFault(
            FaultRule.when(
                r -> r.path().endsWith("/sites"),
                Fault.body("{\"object\":\"list\",\"has_more\":false,\"data\":[" + records + "]}")));
  }

  @Test
  void anOddRecordIsNoWindowAndNoSite() throws IOException {
    List<String> odd = List.of("{}", "\"x\"", "[]", "{\"id\":\"a\\nb\"}");
    for (String command : List.of("run", "snapshot")) {
      Installation.Ended ended = run(listing(odd), "all", command);

      assertThat(ended.code()).as(ended.said()).isEqualTo(65);
      assertThat(ended.out())
          .contains("4 unusable records of the list of sites")
          .doesNotContain("incomplete", " failed");
      List<JsonNode> lines = lines(ended);
      assertThat(of("record", lines))
          .hasSize(odd.size())
          .allSatisfy(
              line -> {
                assertThat(line.path("site").isNull()).isTrue();
                assertThat(line.path("status").textValue()).isEqualTo("skipped");
                assertThat(line.path("reason").textValue()).contains("a record of /sites");
              });
      assertThat(of("window", lines))
          .isNotEmpty()
          .allMatch(line -> line.path("site").asText().equals(SITE));
    }
  }

  /** Which of the two records is true is not known: the report says which one it follows. */
  @Test
  void aSecondRecordOfASiteThatContradictsTheFirstIsNamed() throws IOException {
    String same = "{\"id\":\"TWICE\",\"name\":\"Tea\",\"timezone\":\"UTC\"}";
    String other = "{\"id\":\"TWICE\",\"name\":\"Cake\",\"timezone\":\"Europe/Berlin\"}";

    Installation.Ended ended = run(listing(List.of(same, same, other)), "all", "run");

    List<JsonNode> records = of("record", lines(ended));
    assertThat(records).hasSize(1);
    assertThat(records.get(0).path("status").textValue()).isEqualTo("skipped");
    assertThat(records.get(0).path("reason").textValue())
        .contains(
            "a record of /sites: 'TWICE': is listed before as 'Tea' in the time zone UTC, which"
                + " counts, and not as 'Cake' in the time zone Europe/Berlin");
    assertThat(ended.out()).contains("1 unusable record of the list of sites");
  }

  /** The documentation, the line and the plan speak of the same number. */
  @Test
  void theRequestsOfThePlannedLineAreThoseThatThePlanCallsLikely() throws IOException {
    JsonNode planned = of("planned", lines(run(Behaviour.unlimited(), "all", "run"))).get(0);

    assertThat(planned.path("reason").textValue())
        .endsWith(" requests at least, " + planned.path("requests").longValue() + " likely");
    assertThat(Files.readString(Path.of("docs/operations.md")))
        .contains("in `planned` the likely number");
  }

  /** Everything was begun: the run did not stop early, and there is nowhere to continue. */
  @Test
  void aRunInWhichOneSiteFailsDidNotStopEarly() throws IOException {
    Fault later = new Fault.Status(503, "application/json", "{}", Map.of("Retry-After", "3600"));

    Installation.Ended ended =
        run(
            Behaviour.unlimited()
                .withFault(
                    FaultRule.when(r -> r.aggregation() > 0 && SITE.equals(r.site()), later)),
            "[" + SITE + ", " + World.EMPTY_SITE + "]",
            "run");

    assertThat(ended.code()).as(ended.said()).isEqualTo(75);
    assertThat(ended.out())
        .contains("partly done: what failed may succeed later", "(exit 75)", "2 failed")
        .doesNotContain("stopped early", "not begun");
  }

  /** A site that the API does not know is named by its id, and by nothing else. */
  @Test
  void aSiteThatCannotBeReadIsNamedByItsId() throws IOException {
    Installation.Ended ended = run(Behaviour.unlimited(), "[" + SITE + ", GONE]", "run");

    assertThat(ended.code()).as(ended.said()).isNotZero();
    assertThat(of("window", lines(ended)))
        .extracting(line -> line.path("site").asText())
        .containsOnly(SITE, "GONE");
  }

  @Test
  void aWindowThatFailsSaysWhatItTook() throws IOException {
    Behaviour refusing =
        Behaviour.unlimited()
            .withFault(
                FaultRule.when(
                    r -> "pathname".equals(r.parameter("field_grouping")), Fault.status(400)));
    Installation.Ended ended = run(refusing, "[" + SITE + "]", "run");

    assertThat(ended.code()).as(ended.said()).isEqualTo(78);
    List<JsonNode> windows = of("window", lines(ended));
    assertThat(windows)
        .filteredOn(line -> line.path("report").asText().equals("pages_daily"))
        .isNotEmpty()
        .allMatch(line -> line.path("requests").intValue() > 0);
    assertThat(windows.stream().mapToInt(line -> line.path("requests").intValue()).sum())
        .isEqualTo(requests);
  }
}
