package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.RequestLog;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.Fixture;
import fathomexport.testing.Installation;
import fathomexport.testing.Landed;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A window of many requests is committed a few months at a time. */
@Timeout(300)
class ChunksTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 5, 7);
  private static final LocalDate LAST = LocalDate.of(2025, 9, 20);
  private static final Instant NOW = Instant.parse("2025-10-02T14:00:00Z");
  private static final String SITE = "LDNBOOKS";
  private static final Question TRAFFIC = Question.pageviews("traffic_daily", "day");
  private static final Question PAGES =
      Question.pageviews("pages_daily", "day", "hostname", "pathname", "referrer_hostname");

  /** Hardly more rows than a day has: a request every other day. */
  private static final int ROW_LIMIT = 40;

  @TempDir Path directory;

  private final World world = World.dozen(41, FIRST, LAST, 0);
  @RegisterExtension final Fixture fixture = new Fixture();
  private FathomSimulator api;
  private TestDatabase database;
  private Installation installation;

  @BeforeEach
  void start() throws IOException {
    api = fixture.api(world, Behaviour.unlimited());
    database = fixture.database(List.of(TRAFFIC, PAGES));
    installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
            .settings(ROW_LIMIT)
            .pipeline("all", "[" + SITE + "]", "[postgres, parquet]", List.of(TRAFFIC, PAGES));
  }

  private Installation.Ended backfill() {
    return installation.run(
        "backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString(), "--json");
  }

  private void assertAllIsThere() {
    for (Question report : List.of(TRAFFIC, PAGES)) {
      List<List<@Nullable Object>> expected =
          new ArrayList<>(report.expected(world, api.truth(), SITE, FIRST, LAST));
      assertThat(Landed.differences(expected, Landed.inPostgres(database, report))).isEmpty();
      assertThat(Landed.differences(expected, Landed.inParquet(installation.warehouse(), report)))
          .isEmpty();
    }
  }

  private record Window(LocalDate first, LocalDate last, String status, int requests) {}

  /** What the log tells of a report's windows, in its order. */
  private static List<Window> windows(Installation.Ended ended, Question report)
      throws IOException {
    List<Window> windows = new ArrayList<>();
    for (String line : ended.err().lines().toList()) {
      JsonNode node = new ObjectMapper().readTree(line);
      if (node.path("event").asText().equals("window")
          && node.path("report").asText().equals(report.name())) {
        windows.add(
            new Window(
                LocalDate.parse(node.path("first").asText()),
                LocalDate.parse(node.path("last").asText()),
                node.path("status").asText(),
                node.path("requests").asInt()));
      }
    }
    return windows;
  }

  @Test
  void chunksAreOfWholeMonthsAndLeaveNothingOut() throws IOException {
    Installation.Ended ended = backfill();

    assertThat(ended.code()).as(ended.said()).isZero();
    assertAllIsThere();
    List<Window> windows = windows(ended, PAGES);
    assertThat(windows).hasSizeGreaterThan(2);
    LocalDate next = FIRST;
    for (Window window : windows) {
      assertThat(window.first()).isEqualTo(next);
      next = window.last().plusDays(1);
      if (!window.last().equals(LAST)) {
        assertThat(next.getDayOfMonth()).isOne();
        assertThat(window.requests()).isBetween(25, 60);
      }
    }
    assertThat(next).isEqualTo(LAST.plusDays(1));
    assertThat(api.log().repeatedAggregations()).isEmpty();
    assertThat(
            Stream.concat(windows.stream(), windows(ended, TRAFFIC).stream())
                .mapToInt(Window::requests)
                .sum())
        .isEqualTo(api.log().aggregations().size());
    JsonNode said = new ObjectMapper().readTree(ended.out());
    // One of each report, as planned; a chunk is no window.
    assertThat(said.findValue("windows_planned").asInt()).isEqualTo(2);
    assertThat(said.findValue("windows_committed").asInt()).isEqualTo(2);
  }

  /** What was committed stays, and is not paid for again. */
  @Test
  void whatFailsIsTheRestOfTheWindow() throws IOException {
    api.behave(
        Behaviour.unlimited()
            .withFault(FaultRule.when(r -> r.aggregation() > 70, Fault.status(400))));
    Installation.Ended ended = backfill();

    assertThat(ended.code()).as(ended.said()).isEqualTo(78);
    List<Window> windows = windows(ended, PAGES);
    Window failed = windows.get(windows.size() - 1);
    assertThat(windows.subList(0, windows.size() - 1))
        .isNotEmpty()
        .allMatch(w -> w.status().equals("committed"));
    assertThat(failed.status()).isEqualTo("configuration");
    assertThat(failed.last()).isEqualTo(LAST);
    assertThat(
            database.query(
                "SELECT min(period)::text, max(period)::text FROM fathom_ops.ledger"
                    + " WHERE report = 'pages_daily' AND stored"))
        .containsExactly(List.of(FIRST.toString(), failed.first().minusDays(1).toString()));

    api.behave(Behaviour.unlimited());
    api.log().clear();
    Installation.Ended again = backfill();

    assertThat(again.code()).as(again.said()).isZero();
    assertAllIsThere();
    assertThat(api.log().aggregations().stream().map(ChunksTest::from).toList())
        .allMatch(from -> from.compareTo(failed.first().toString()) >= 0);
  }

  private static String from(RequestLog.Entry entry) {
    return String.valueOf(entry.request().parameter("date_from")).substring(0, 10);
  }
}
