package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.PageView;
import fathomexport.simulator.world.World;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Numbers that change because the operator changed the question, or the site its time zone: nothing
 * that Fathom has done.
 */
class OwnChangesTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 10, 1);
  private static final LocalDate LAST = LocalDate.of(2025, 10, 27);
  private static final Instant NOW = Instant.parse("2025-10-28T14:00:00Z");
  private static final String SITE = "BERLIN";

  private static final Question TRAFFIC =
      Question.pageviews("traffic_daily", "day").measuring("visits", "pageviews");
  private static final Question PAGES = Question.pageviews("pages_daily", "day", "pathname");

  @TempDir Path directory;

  private final ObjectMapper json = new ObjectMapper();

  private static World world() {
    World world = World.empty().addSite(SITE, ZoneId.of("Europe/Berlin"));
    for (LocalDate day = FIRST; !day.isAfter(LAST.plusDays(3)); day = day.plusDays(1)) {
      for (int hour = 2; hour < 24; hour += 5) {
        world.add(SITE, world.viewAt(SITE, day.atTime(hour, 5)).path("/" + hour));
      }
    }
    return world;
  }

  private static void assertRun(Installation.Ended ended) {
    assertThat(ended.code()).as(ended.said()).isZero();
  }

  private Installation.Ended backfill(Installation installation) {
    return installation.run("backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString());
  }

  private static Set<String> reasons(JsonNode status) {
    Set<String> reasons = new HashSet<>();
    status.path("restated").forEach(r -> reasons.add(r.path("reason").textValue()));
    return reasons;
  }

  private Installation installation(TestDatabase database, FathomSimulator api) {
    return new Installation(
        directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW);
  }

  @Test
  void aFilterAndAnAggregateDoNotCountAsLateNumbers() throws IOException {
    World world = world();
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation =
          installation(database, api).pipeline("all", List.of(TRAFFIC, PAGES));
      assertRun(backfill(installation));

      List<Question> changed =
          List.of(
              TRAFFIC.measuring("visits", "pageviews", "uniques"),
              PAGES.where("pathname", "is not", "/7"));
      installation.pipeline("all", changed);
      assertRun(installation.run("migrate", "all"));

      Installation.Ended verified =
          installation.run("verify", "all", "--from", FIRST.toString(), "--to", LAST.toString());
      assertThat(verified.code()).as(verified.said()).isEqualTo(65);
      assertThat(verified.out())
          .as("the filter leaves fewer pageviews; the added aggregate changes no total")
          .contains("stale: the report's definition was changed")
          .doesNotContain("the API's totals have changed since the export")
          .doesNotContain("changed after the export");
      assertThat(verified.out().lines().filter(l -> l.startsWith("traffic_daily"))).isEmpty();

      assertThat(
              database.query(
                  "SELECT report, count(*), min(period)::text, max(period)::text, min(reason)"
                      + " FROM fathom_ops.stale GROUP BY report ORDER BY report"))
          .containsExactly(
              List.of("pages_daily", 27L, FIRST.toString(), LAST.toString(), "definition"),
              List.of("traffic_daily", 27L, FIRST.toString(), LAST.toString(), "definition"));

      assertRun(backfill(installation));

      assertThat(database.query("SELECT * FROM fathom_ops.stale")).isEmpty();
      assertThat(
              database.query(
                  "SELECT DISTINCT report, reason FROM fathom_ops.restatement ORDER BY report"))
          .containsExactly(
              List.of("pages_daily", "definition"), List.of("traffic_daily", "definition"));
      JsonNode status = json.readTree(installation.run("status", "all", "--json").out());
      assertThat(reasons(status)).containsExactly("definition");
      assertThat(status.path("moved")).as("how late Fathom's numbers move").isEmpty();
      assertThat(installation.run("status", "all").out()).doesNotContain("try");
      assertThat(installation.run("explain", "pages_daily", SITE, FIRST.toString()).out())
          .contains("pageviews 5 by 4")
          .contains(": the report's definition had been changed");
      JsonNode parts =
          json.readTree(
                  installation
                      .run("explain", "pages_daily", SITE, FIRST.toString(), "--json")
                      .out())
              .path("parts");
      assertThat(parts).hasSize(2);
      for (JsonNode part : parts) {
        assertThat(part.path("changes").findValuesAsText("reason"))
            .as("the journal in %s", part.path("sink"))
            .isNotEmpty()
            .containsOnly("definition");
      }

      // What Fathom itself changes is still told from it.
      world.add(SITE, world.viewAt(SITE, LAST.minusDays(1).atTime(23, 0)).path("/late"));
      installation.at(NOW.plus(Duration.ofDays(1)));
      assertRun(installation.run("run", "all"));
      status = json.readTree(installation.run("status", "all", "--json").out());
      assertThat(reasons(status)).containsExactlyInAnyOrder("definition", "source");
      assertThat(status.path("moved").findValuesAsText("days")).contains("1");
      assertThat(status.path("moved").findValuesAsText("suggested_lookback_days"))
          .containsOnly("2");
    }
  }

  @Test
  void daysThatWereNeverStoredAreNotOfferedForRenewal() throws IOException {
    World world = world();
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation = installation(database, api).pipeline("all", List.of(PAGES));
      assertRun(installation.run("backfill", "all", "--from", "2025-10-01", "--to", "2025-10-05"));
      assertRun(installation.run("backfill", "all", "--from", "2025-10-15", "--to", "2025-10-20"));
      installation.pipeline("all", List.of(PAGES.where("pathname", "is not", "/7")));

      List<String> offered =
          installation
              .run("status", "all")
              .out()
              .lines()
              .filter(line -> line.contains("renew with: fathom-export "))
              .map(line -> line.substring(line.indexOf("fathom-export ") + 14))
              .toList();

      assertThat(offered)
          .containsExactly(
              "backfill all --from 2025-10-01 --to 2025-10-05",
              "backfill all --from 2025-10-15 --to 2025-10-20");
      for (String command : offered) {
        assertRun(installation.run(command.split(" ")));
      }
      assertThat(database.query("SELECT * FROM fathom_ops.stale")).isEmpty();
      assertThat(database.query("SELECT count(*) FROM fathom_ops.ledger"))
          .containsExactly(List.of(11L));
    }
  }

  @Test
  void anotherTimeZoneDoesNotCountAsLateNumbers() throws IOException {
    World world = world();
    // In Tokyo it was the next day.
    world.add(SITE, world.viewAt(SITE, LAST.minusDays(2).atTime(20, 0)).path("/once"));
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation = installation(database, api).pipeline("all", List.of(PAGES));
      assertRun(backfill(installation));
      world.setZone(SITE, ZoneId.of("Asia/Tokyo"));

      Installation.Ended verified =
          installation.run("verify", "all", "--from", FIRST.toString(), "--to", LAST.toString());
      assertThat(verified.code()).as(verified.said()).isEqualTo(65);
      assertThat(verified.out())
          .contains("stale: the site's time zone was changed")
          .doesNotContain("the API's totals have changed since the export");

      installation.at(NOW.plus(Duration.ofMinutes(30)));
      assertRun(installation.run("run", "all"));
      assertThat(
              database.query(
                  "SELECT count(*), max(period)::text, min(reason), min(zone), min(present_zone)"
                      + " FROM fathom_ops.stale"))
          .containsExactly(
              List.of(23L, LAST.minusDays(4).toString(), "zone", "Europe/Berlin", "Asia/Tokyo"));
      assertThat(database.query("SELECT DISTINCT reason FROM fathom_ops.restatement"))
          .containsExactly(List.of("zone"));
      JsonNode status = json.readTree(installation.run("status", "all", "--json").out());
      assertThat(reasons(status)).containsExactly("zone");
      assertThat(status.path("moved")).isEmpty();
    }
  }

  @Test
  void anotherUnitOfRatesDoesNotCountAsLateNumbers() throws IOException {
    World world = world();
    for (LocalDate day = FIRST; !day.isAfter(LAST); day = day.plusDays(1)) {
      // One of three visits bounces: 0.3333 as a rounded ratio, 33.333... in percent.
      for (int visit = 0; visit < 3; visit++) {
        PageView view = world.viewAt(SITE, day.atTime(9 + visit, 0)).path("/a");
        world.add(SITE, visit == 0 ? view.bouncing() : view);
      }
    }
    Behaviour behaviour =
        Behaviour.unlimited().withRateUnit(Behaviour.RateUnit.RATIO).withRatesToFourDigits(true);
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api = FathomSimulator.start(world, behaviour)) {
      Installation installation = installation(database, api).pipeline("all", List.of(PAGES));
      assertRun(backfill(installation));
      assertThat(database.query("SELECT DISTINCT rate_unit FROM fathom_ops.ledger"))
          .containsExactly(List.of("ratio"));

      api.behave(Behaviour.unlimited().withRateUnit(Behaviour.RateUnit.PERCENTAGE));
      installation.at(NOW.plus(Duration.ofDays(1)));
      assertRun(installation.run("run", "all"));

      assertThat(database.query("SELECT DISTINCT measure, reason FROM fathom_ops.restatement"))
          .as("the rounding has changed, and no count")
          .containsExactly(List.of("rows", "unit"));
      JsonNode status = json.readTree(installation.run("status", "all", "--json").out());
      assertThat(reasons(status)).containsExactly("unit");
      assertThat(status.path("moved")).isEmpty();
    }
  }

  /** A day that any sink holds under the earlier definition is stale, and counts once. */
  @Test
  void staleDaysOfOneSinkAreCountedOnce() throws IOException {
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api = FathomSimulator.start(world(), Behaviour.unlimited())) {
      Installation installation = installation(database, api).pipeline("all", List.of(PAGES));
      assertRun(backfill(installation));
      Path data =
          directory.resolve(
              "warehouse/pages_daily/site_id=" + SITE + "/month=2025-10/data.parquet");
      byte[] before = Files.readAllBytes(data);
      installation.pipeline("all", List.of(PAGES.where("pathname", "is not", "/7")));
      assertRun(
          installation.run(
              "backfill", "all", "--from", FIRST.toString(), "--to", FIRST.plusDays(6).toString()));
      assertStale(installation, 20);

      // The files are those of a backup, in which no day has been renewed.
      Files.write(data, before);
      assertStale(installation, 27);

      // Only the database holds anything.
      Files.delete(data);
      assertStale(installation, 20);
    }
  }

  private void assertStale(Installation installation, long days) throws IOException {
    JsonNode status = json.readTree(installation.run("status", "all", "--json").out());
    assertThat(status.path("lines")).hasSize(1);
    assertThat(status.path("lines").path(0).path("stale").longValue()).isEqualTo(days);
    long ranges = 0;
    for (JsonNode range : status.path("stale")) {
      ranges += range.path("periods").longValue();
    }
    assertThat(ranges).as("of the ranges that the commands renew").isEqualTo(days);
  }
}
