package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.world.Conversion;
import fathomexport.simulator.world.World;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Numbers that move after they were exported: journaled, told by status, by explain and verify. */
class RestatementTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 10, 20);
  private static final Instant NOW = Instant.parse("2025-10-28T14:00:00Z");
  private static final LocalDate LATE = LocalDate.of(2025, 10, 26);
  private static final String SITE = "BERLIN";

  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("pages_daily", "day", "pathname"),
          Question.pageviews("traffic_monthly", "month"),
          Question.events("goals_daily", "day"));

  @TempDir Path directory;

  private final ObjectMapper json = new ObjectMapper();

  private static World world() {
    World world = World.empty().addSite(SITE, ZoneId.of("Europe/Berlin")).addEvent(SITE, "signup");
    for (LocalDate day = FIRST; day.isBefore(LocalDate.of(2025, 11, 2)); day = day.plusDays(1)) {
      for (int hour = 8; hour < 20; hour += 3) {
        world.add(SITE, world.viewAt(SITE, day.atTime(hour, 5)).path("/" + hour));
      }
      world.add(SITE, Conversion.of("signup", world.instant(SITE, day.atTime(12, 0))).worth(500L));
    }
    return world;
  }

  private static void assertRun(Installation.Ended ended) {
    assertThat(ended.code()).as(ended.said()).isZero();
  }

  private static void late(World world) {
    world.add(SITE, world.viewAt(SITE, LATE.atTime(23, 0)).path("/late"));
  }

  @Test
  void lateNumbersAreReportedWithTheirAge() throws IOException {
    World world = world();
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation =
          new Installation(directory, database, api, NOW).pipeline("all", REPORTS);
      assertRun(installation.run("run", "all"));
      assertThat(json.readTree(installation.run("status", "all", "--json").out()).path("moved"))
          .isEmpty();
      late(world);

      // Three days after the day: within the look-back.
      installation.at(NOW.plus(Duration.ofDays(1)));
      assertRun(installation.run("run", "all"));

      assertThat(
              database.query(
                  "SELECT report, site_id, day::text, measure, before::bigint, after::bigint"
                      + " FROM fathom_ops.restatement WHERE report LIKE '%daily' AND measure IN"
                      + " ('rows', 'pageviews') ORDER BY report, measure"))
          .containsExactly(
              List.of("pages_daily", SITE, LATE.toString(), "pageviews", 4L, 5L),
              List.of("pages_daily", SITE, LATE.toString(), "rows", 4L, 5L),
              List.of("traffic_daily", SITE, LATE.toString(), "pageviews", 4L, 5L),
              List.of("traffic_daily", SITE, LATE.toString(), "rows", 1L, 1L));
      JsonNode moved =
          json.readTree(installation.run("status", "all", "--json").out()).path("moved");
      assertThat(moved).as("a month that grows is no news").hasSize(2);
      assertThat(moved.get(1).path("report").textValue()).isEqualTo("pages_daily");
      assertThat(moved.get(1).path("days").intValue()).isEqualTo(1);
      assertThat(moved.get(1).path("ages").get(0).path("days_after").intValue()).isEqualTo(3);
      assertThat(moved.get(1).path("suggested_lookback_days").intValue()).isEqualTo(2);
      assertThat(installation.run("status", "all").out())
          .contains("pages_daily: 1 stored day changed later (1 after 3 d; last seen 2025-10-29")
          .contains("lookback_days: 3 finds them all, and 2 would, too");

      // And four: as late as the look-back sees.
      late(world);
      installation.at(NOW.plus(Duration.ofDays(2)));
      assertRun(installation.run("run", "all"));
      assertThat(installation.run("status", "all").out())
          .contains("(1 after 4 d; last seen 2025-10-30")
          .contains("later than lookback_days: 3 is certain to find; suggested: 4");

      // Later than that nobody asks; but whoever asks, hears of it.
      late(world);
      installation.at(NOW.plus(Duration.ofDays(3)));
      assertRun(installation.run("run", "all"));
      Installation.Ended verified =
          installation.run("verify", "all", "--from", "2025-10-25", "--to", "2025-10-27");
      assertThat(verified.code()).as(verified.said()).isEqualTo(65);
      assertThat(verified.out())
          .contains("the API's totals have changed since the export")
          .contains(
              "backfill all --site BERLIN --report pages_daily --report traffic_daily"
                  + " --from 2025-10-26 --to 2025-10-26 --force");
      assertThat(verified.out().lines().filter(l -> l.startsWith("pages_daily")))
          .hasSize(2)
          .allSatisfy(
              l ->
                  assertThat(l)
                      .containsPattern("pages_daily +BERLIN +2025-10-26")
                      .containsPattern("pageviews +6 +7 +-1"));
      assertRun(
          installation.run(
              "backfill", "all", "--from", "2025-10-26", "--to", "2025-10-26", "--force"));
      verified = installation.run("verify", "all", "--from", "2025-10-25", "--to", "2025-10-27");
      assertRun(verified);

      Installation.Ended explained =
          installation.run("explain", "pages_daily", SITE, LATE.toString());
      assertRun(explained);
      assertThat(explained.out())
          .contains("in postgres")
          .contains("in parquet")
          .contains("sum of the rows 7; control total 7, equal")
          .contains("pageviews 4 by 5 (+1), 2025-10-29T14:00:00Z")
          .contains("pageviews 6 by 7 (+1), 2025-10-31T14:00:00Z")
          .contains("Europe/Berlin");
      JsonNode parts =
          json.readTree(
                  installation.run("explain", "pages_daily", SITE, LATE.toString(), "--json").out())
              .path("parts");
      assertThat(parts).hasSize(2);
      for (JsonNode part : parts) {
        assertThat(
                part.path("changes").findValuesAsText("measure").stream()
                    .filter("pageviews"::equals))
            .as("the journal in %s", part.path("sink"))
            .hasSize(3);
      }
    }
  }

  @Test
  void whatCannotBeExplainedIsSaidPlainly() throws IOException {
    World world = world();
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation =
          new Installation(directory, database, api, NOW)
              .pipeline("all", "all", "[postgres]", REPORTS);
      assertRun(installation.run("run", "all"));

      Installation.Ended before = installation.run("explain", "pages_daily", SITE, "2025-10-01");
      assertThat(before.code()).isZero();
      assertThat(before.out())
          .contains("never measured")
          .contains("days from 2025-10-24 to 2025-10-27 are stored");
      Installation.Ended elsewhere =
          installation.run("explain", "pages_daily", "PARIS", LATE.toString());
      assertThat(elsewhere.out())
          .contains("never measured")
          .contains("nothing of this site is stored; of the report these sites are: BERLIN");
      Installation.Ended unknown =
          installation.run("explain", "pages_dayly", SITE, LATE.toString());
      assertThat(unknown.code()).isEqualTo(2);
      assertThat(unknown.err()).contains("pages_dayly").contains("pages_daily");
      Installation.Ended noDay = installation.run("explain", "pages_daily", SITE, "tomorrow");
      assertThat(noDay.code()).isEqualTo(2);
      Installation.Ended goal = installation.run("explain", "goals_daily", SITE, LATE.toString());
      assertThat(goal.out())
          .contains("in postgres, event signup")
          .containsPattern("conversions +sum of the rows 1; control total 1, equal")
          .containsPattern("value +sum of the rows 500; control total 500, equal");
      assertThat(api.log().aggregations().size()).as("explaining asks nobody").isEqualTo(4);
    }
  }
}
