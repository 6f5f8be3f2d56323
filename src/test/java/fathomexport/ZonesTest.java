package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.SimulatedSite;
import fathomexport.simulator.world.World;
import fathomexport.testing.Installation;
import fathomexport.testing.Landed;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Days and hours as the site's clock has them, however that clock goes. */
class ZonesTest {
  private static final Question TRAFFIC = Question.pageviews("traffic_daily", "day");
  private static final Question PAGES = Question.pageviews("pages_daily", "day", "pathname");
  private static final Question HOURS = Question.pageviews("browsers_hourly", "hour", "browser");

  @TempDir Path directory;

  /** A view every 20 minutes of real time, so that every label there is has some. */
  private static World world(String zone, LocalDate first, LocalDate last) {
    ZoneId id = ZoneId.of(zone);
    World world = World.empty().addSite("SITE", id);
    Instant end = last.plusDays(1).atStartOfDay(id).toInstant();
    long visit = 0;
    for (Instant at = first.atStartOfDay(id).toInstant();
        at.isBefore(end);
        at = at.plus(Duration.ofMinutes(20))) {
      visit++;
      world.add(
          "SITE",
          fathomexport.simulator.world.PageView.at(at)
              .visit(visit)
              .path("/" + visit % 3)
              .with(Dimension.BROWSER, visit % 7 == 0 ? "Firefox" : "Chrome")
              .lasting((int) (visit % 60)));
    }
    return world;
  }

  private Installation install(TestDatabase database, FathomSimulator api, Instant now) {
    return new Installation(
        directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), now);
  }

  private static void assertTrue(
      Installation installation,
      FathomSimulator api,
      Question report,
      LocalDate from,
      LocalDate to) {
    List<List<@Nullable Object>> expected = new ArrayList<>();
    for (SimulatedSite site : api.world().sites()) {
      expected.addAll(report.expected(api.world(), api.truth(), site.id(), from, to));
    }
    assertThat(expected).isNotEmpty();
    assertThat(Landed.differences(expected, Landed.inPostgres(installation.database(), report)))
        .as("%s in Postgres", report.name())
        .isEmpty();
    assertThat(Landed.differences(expected, Landed.inParquet(installation.warehouse(), report)))
        .as("%s in Parquet", report.name())
        .isEmpty();
  }

  /** The hours that seven local days have. */
  private static long hours(String zone, LocalDate first) {
    ZoneId id = ZoneId.of(zone);
    return Duration.between(first.atStartOfDay(id), first.plusDays(7).atStartOfDay(id)).toHours();
  }

  @ParameterizedTest
  @CsvSource({
    // zone, first day of a week, its hours
    "Europe/Berlin, 2025-10-20, 169",
    "Africa/Cairo, 2025-04-21, 167" // its Friday begins at 01:00
  })
  void aShortAndALongWeek(String zone, LocalDate first, long hours) throws IOException {
    week(zone, first, hours);
  }

  @ParameterizedTest
  @CsvSource({
    "Europe/Berlin, 2025-03-24, 167",
    "Asia/Kathmandu, 2025-10-20, 168",
    "Australia/Lord_Howe, 2025-09-29, 167", // and a half
    "Australia/Lord_Howe, 2025-03-31, 168", // and a half
    "Pacific/Chatham, 2025-09-22, 167",
    "Pacific/Chatham, 2025-03-31, 169",
    "America/Santiago, 2025-09-01, 167", // its Sunday begins at 01:00
    "Asia/Beirut, 2025-03-24, 167" // its Sunday begins at 01:00
  })
  @Tag("chaos")
  void weeksOfEveryLength(String zone, LocalDate first, long hours) throws IOException {
    week(zone, first, hours);
  }

  private void week(String zone, LocalDate first, long hours) throws IOException {
    LocalDate last = first.plusDays(6);
    assertThat(hours(zone, first)).isEqualTo(hours);
    World world = world(zone, first.minusDays(1), last.plusDays(1));
    try (TestDatabase database = TestDatabase.migrated(List.of(TRAFFIC, PAGES, HOURS));
        FathomSimulator api =
            FathomSimulator.start(world, Behaviour.unlimited().withLongWeekRefused(hours > 168))) {
      Installation installation =
          install(database, api, last.plusDays(3).atStartOfDay(ZoneId.of("UTC")).toInstant())
              .pipeline("all", List.of(TRAFFIC, PAGES, HOURS));

      Installation.Ended ended =
          installation.run("backfill", "all", "--from", first.toString(), "--to", last.toString());

      assertThat(ended.code()).as(ended.said()).isZero();
      for (Question report : List.of(TRAFFIC, PAGES, HOURS)) {
        assertTrue(installation, api, report, first, last);
      }
      assertThat(
              database.query(
                  "SELECT DISTINCT status, zone, covers_to = period FROM fathom_ops.ledger"))
          .isEqualTo(List.of(List.of("certified", zone, true)));
      Installation.Ended verified =
          installation.run("verify", "all", "--from", first.toString(), "--to", last.toString());
      assertThat(verified.code()).as(verified.said()).isZero();
      // A control and a question each for days and hours, a few more where the week was refused.
      assertThat(api.log().aggregations().stream().filter(e -> e.status() == 200).count())
          .isLessThanOrEqualTo(hours > 168 ? 10 : 6);
    }
  }

  /** What {@code verify} meets at the one week of 169 hours says nothing about the others. */
  @Test
  void verifyLearnsNothingFromTheLongWeekForOtherWeeks() throws IOException {
    String zone = "Europe/Berlin";
    LocalDate longWeek = LocalDate.of(2025, 10, 20);
    assertThat(hours(zone, longWeek)).isEqualTo(169);
    LocalDate first = longWeek.minusDays(21);
    World world = world(zone, first, longWeek.plusDays(6));
    try (TestDatabase database = TestDatabase.migrated(List.of(TRAFFIC, PAGES, HOURS));
        FathomSimulator api =
            FathomSimulator.start(world, Behaviour.unlimited().withLongWeekRefused(true))) {
      Installation installation =
          install(database, api, Instant.parse("2025-10-28T14:00:00Z"))
              .pipeline("all", List.of(HOURS));
      assertThat(installation.run("migrate", "all").code()).isZero();
      Installation.Ended verified =
          installation.run(
              "verify",
              "all",
              "--from",
              longWeek.toString(),
              "--to",
              longWeek.plusDays(6).toString());
      assertThat(verified.code()).as("nothing is stored: %s", verified.said()).isEqualTo(65);
      assertThat(api.log().aggregations()).anyMatch(e -> e.status() == 400);
      assertThat(
              database.query(
                  "SELECT shape, number FROM fathom_ops.learned WHERE kind = 'max_days'"))
          .as("a limit of one week is none of every week")
          .isEmpty();
      api.log().clear();

      Installation.Ended filled =
          installation.run(
              "backfill",
              "all",
              "--from",
              first.toString(),
              "--to",
              longWeek.minusDays(1).toString());

      assertThat(filled.code()).as(filled.said()).isZero();
      assertThat(api.log().aggregations())
          .as("three weeks, each with one control query and one request")
          .hasSize(6)
          .allMatch(e -> e.status() == 200);
      assertTrue(installation, api, HOURS, first, longWeek.minusDays(1));
    }
  }

  /** The owner moves the site: what is stored is of other days, until it is asked for again. */
  @Test
  void aSiteThatMoves() throws IOException {
    LocalDate first = LocalDate.of(2025, 3, 1);
    LocalDate last = LocalDate.of(2025, 10, 27);
    World world = World.empty().addSite("SITE", ZoneId.of("Europe/Berlin"));
    for (LocalDate day = first; !day.isAfter(last); day = day.plusDays(1)) {
      for (int hour = 1; hour < 24; hour += 7) {
        world.add("SITE", world.viewAt("SITE", day.atTime(hour, 30)).path("/" + hour));
      }
    }
    Instant now = Instant.parse("2025-10-28T14:00:00Z");
    ObjectMapper json = new ObjectMapper();
    try (TestDatabase database = TestDatabase.migrated(List.of(TRAFFIC, PAGES, HOURS));
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation =
          install(database, api, now).pipeline("all", List.of(TRAFFIC, PAGES));
      Installation.Ended filled =
          installation.run("backfill", "all", "--from", first.toString(), "--to", last.toString());
      assertThat(filled.code()).as(filled.said()).isZero();
      world.setZone("SITE", ZoneId.of("Asia/Tokyo"));
      api.log().clear();

      // A day later, in Tokyo.
      Installation.Ended run = installation.at(now.plus(Duration.ofDays(1))).run("run", "all");

      assertThat(run.code()).as(run.said()).isZero();
      assertThat(api.log().aggregations()).as("only the look-back is asked for").hasSize(2);
      LocalDate over = LocalDate.of(2025, 10, 28);
      LocalDate lastStale = over.minusDays(4);
      String command = "backfill all --from " + first + " --to " + lastStale;
      assertThat(run.out())
          .contains("zone changed from Europe/Berlin to Asia/Tokyo")
          .contains("2 reports SITE (Site SITE): 476 stale")
          .contains(command);
      Installation.Ended status = installation.run("status", "all");
      assertThat(status.out())
          .contains("zone changed from Europe/Berlin to Asia/Tokyo")
          .contains(command);
      JsonNode stale =
          json.readTree(installation.run("status", "all", "--json").out()).path("stale");
      assertThat(stale).hasSize(2);
      assertThat(stale.get(0).path("periods").intValue())
          .isEqualTo((int) (lastStale.toEpochDay() - first.toEpochDay() + 1));

      Matcher printed =
          Pattern.compile("fathom-export (backfill all --from \\S+ --to \\S+)").matcher(run.out());
      assertThat(printed.find()).isTrue();
      Installation.Ended repaired = installation.run(printed.group(1).split(" "));

      assertThat(repaired.code()).as(repaired.said()).isZero();
      for (Question report : List.of(TRAFFIC, PAGES)) {
        assertTrue(installation, api, report, first, over);
      }
      assertThat(database.query("SELECT DISTINCT zone FROM fathom_ops.ledger"))
          .isEqualTo(List.of(Arrays.asList("Asia/Tokyo")));
      assertThat(installation.run("status", "all").out()).doesNotContain("zone changed");
    }
  }

  /** The stored periods of a report that are stale, as {@code status} counts them. */
  private static long stale(Installation installation, String pipeline, String report)
      throws IOException {
    String json = installation.run("status", pipeline, "--all", "--site", "SITE", "--json").out();
    long stale = 0;
    for (JsonNode line : new ObjectMapper().readTree(json).path("lines")) {
      if (line.path("report").textValue().equals(report)) {
        stale += line.path("stale").longValue();
      }
    }
    return stale;
  }

  /** Whichever pipeline has seen the move first, all that was stored before is stale. */
  @ParameterizedTest
  @ValueSource(strings = {"[postgres, parquet]", "[parquet]"})
  void aMoveCountsForTheReportsOfEveryPipeline(String sinks) throws IOException, SQLException {
    World world = World.empty().addSite("SITE", ZoneId.of("Europe/Berlin"));
    LocalDate first = LocalDate.of(2025, 9, 1);
    LocalDate last = LocalDate.of(2025, 10, 27);
    for (LocalDate day = first; day.isBefore(last.plusDays(3)); day = day.plusDays(1)) {
      world.add(
          "SITE",
          world.viewAt("SITE", day.atTime(9, 30)).path("/").with(Dimension.BROWSER, "Chrome"));
    }
    Question monthly = Question.pageviews("traffic_monthly", "month");
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Instant now = Instant.parse("2025-10-28T14:00:00Z");
      Installation installation =
          install(database, api, now)
              .pipeline("nightly", "all", sinks, List.of(TRAFFIC))
              .pipeline("monthly", "all", sinks, List.of(monthly))
              .pipeline("hourly", "all", sinks, List.of(HOURS));
      for (String pipeline : List.of("nightly", "monthly")) {
        assertDone(
            installation.run(
                "backfill", pipeline, "--from", first.toString(), "--to", last.toString()));
      }
      assertDone(installation.run("run", "hourly"));
      assertThat(installation.run("status", "monthly", "--check", "--site", "SITE").code())
          .isZero();
      assertThat(stale(installation, "hourly", HOURS.name())).isZero();

      world.setZone("SITE", ZoneId.of("Asia/Tokyo"));
      installation.at(now.plus(Duration.ofDays(1)));
      assertDone(installation.run("run", "nightly"));

      Installation.Ended checked =
          installation.run("status", "monthly", "--check", "--site", "SITE");
      assertThat(checked.code()).as(checked.said()).isEqualTo(65);
      assertThat(checked.out())
          .contains("zone changed from Europe/Berlin to Asia/Tokyo", "backfill monthly ");
      for (Question report : List.of(monthly, HOURS)) {
        long stale =
            stale(installation, report.equals(monthly) ? "monthly" : "hourly", report.name());
        assertThat(stale).as(report.name()).isPositive();
        assertThat(inCoverageFile(installation, report)).as(report.name()).isEqualTo(stale);
        if (sinks.contains("postgres")) {
          assertThat(
                  database.query(
                      "SELECT count(*) FROM fathom_bi.calendar WHERE state = 'stale' AND report = '"
                          + report.name()
                          + "'"))
              .as(report.name())
              .containsExactly(List.of(stale));
        }
      }
    }
  }

  /** The stale periods of a report in the coverage file; the only states are stale and whole. */
  private static long inCoverageFile(Installation installation, Question report)
      throws SQLException {
    try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duck.createStatement();
        ResultSet count =
            statement.executeQuery(
                "SELECT count(*) FROM '%s/_fathom/coverage.parquet' WHERE state = 'stale' AND report = '%s'"
                    .formatted(installation.warehouse(), report.name()))) {
      count.next();
      return count.getLong(1);
    }
  }

  private static void assertDone(Installation.Ended ended) {
    assertThat(ended.code()).as(ended.said()).isZero();
  }
}
