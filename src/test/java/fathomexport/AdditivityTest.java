package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.world.Conversion;
import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.World;
import fathomexport.testing.DashboardData;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Unique counts are rolled up only where the certified numbers of months and sites show that those
 * of days and groups add up to them.
 */
class AdditivityTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 9, 1);
  private static final LocalDate LAST = LocalDate.of(2025, 9, 30);
  private static final Instant NOW = Instant.parse("2025-10-03T14:00:00Z");
  private static final String SITE = "BERLIN";
  private static final long VISITORS = 3;

  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("sources_daily", "day", "referrer_source"),
          Question.pageviews("traffic_monthly", "month"));

  /** Two of them are compared with the first. */
  private static final List<Question> DAILY =
      List.of(
          REPORTS.get(0), REPORTS.get(1), Question.pageviews("browsers_daily", "day", "browser"));

  @TempDir Path directory;

  /** Three visitors come every day, each by two sources. */
  private static World world() {
    World world = World.empty().addSite(SITE, ZoneId.of("Europe/Berlin"));
    for (LocalDate day = FIRST; !day.isAfter(LAST); day = day.plusDays(1)) {
      for (long visitor = 1; visitor <= VISITORS; visitor++) {
        for (String source : List.of("Google", "Bing")) {
          world.add(
              SITE,
              world
                  .viewAt(SITE, day.atTime(8 + (int) visitor, source.length()))
                  .visit(visitor)
                  .with(Dimension.REFERRER_SOURCE, source));
        }
      }
    }
    return world;
  }

  private TestDatabase exported(Behaviour behaviour) throws IOException {
    return exported(world(), behaviour, REPORTS);
  }

  private TestDatabase exported(World world, Behaviour behaviour, List<Question> reports)
      throws IOException {
    TestDatabase database = TestDatabase.migrated();
    try (FathomSimulator api = FathomSimulator.start(world, behaviour)) {
      Installation installation =
          new Installation(directory, database, api, NOW)
              .pipeline("all", "all", "[postgres]", reports);
      Installation.Ended ended =
          installation.run("backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString());
      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(ended.said()).doesNotContain("could not be measured");
    }
    return database;
  }

  private static final String WEEK =
      "SELECT visits, uniques FROM fathom_bi.site_week WHERE first_day = '2025-09-08'";
  private static final String MONTH =
      "SELECT visits, uniques FROM fathom_bi.site_month WHERE first_day = '2025-09-01'";
  private static final String CHANNEL =
      "SELECT visits, uniques FROM fathom_bi.sources_daily_channel WHERE date = '2025-09-08'";
  private static final String MEASURED =
      "SELECT report, direction, periods, agreed, largest_difference::bigint FROM"
          + " fathom_bi.additivity WHERE measure = 'uniques' ORDER BY report";
  private static final String SAID =
      "SELECT report, adds_up_over_days, adds_up_over_groups FROM fathom_bi.metric WHERE name ="
          + " 'uniques' AND report LIKE '%daily' ORDER BY report";

  @Test
  void uniquesThatOverlapAreNull() throws IOException {
    try (TestDatabase database = exported(Behaviour.unlimited().withVisitorsRecognised(true))) {
      long days = LAST.getDayOfMonth();
      assertThat(database.query("SELECT sum(uniques)::bigint FROM fathom.traffic_daily"))
          .as("the naive sum")
          .containsExactly(List.of(VISITORS * days));
      assertThat(database.query(MEASURED))
          .containsExactly(
              List.of("sources_daily", "over_groups", days, 0L, VISITORS),
              List.of("traffic_daily", "over_days", 1L, 0L, VISITORS * days - VISITORS));
      assertThat(database.query(WEEK)).containsExactly(Arrays.asList(6 * 7L, null));
      assertThat(database.query(MONTH))
          .as("a month has its own number")
          .containsExactly(List.of(6 * days, VISITORS));
      assertThat(database.query("SELECT uniques FROM fathom_bi.site_quarter"))
          .allSatisfy(r -> assertThat(r.get(0)).isNull());
      assertThat(database.query(CHANNEL)).containsExactly(Arrays.asList(6L, null));
      assertThat(database.query(SAID))
          .containsExactly(
              Arrays.asList("sources_daily", null, false),
              Arrays.asList("traffic_daily", false, null));
    }
  }

  @Test
  void uniquesThatDoNotOverlapAreSums() throws IOException {
    try (TestDatabase database = exported(Behaviour.unlimited())) {
      long days = LAST.getDayOfMonth();
      assertThat(database.query(MEASURED))
          .containsExactly(
              List.of("sources_daily", "over_groups", days, days, 0L),
              List.of("traffic_daily", "over_days", 1L, 1L, 0L));
      assertThat(database.query(WEEK)).containsExactly(List.of(42L, 42L));
      assertThat(database.query(MONTH)).containsExactly(List.of(6 * days, 6 * days));
      assertThat(database.query(CHANNEL)).containsExactly(List.of(6L, 6L));
      assertThat(database.query(SAID))
          .containsExactly(
              Arrays.asList("sources_daily", null, true),
              Arrays.asList("traffic_daily", true, null));
      assertThat(
              database.query(
                  "SELECT uniques FROM fathom_bi.sources_daily_month WHERE month = '2025-09-01'"))
          .as("what was not measured is not summed")
          .hasSize(2)
          .allSatisfy(r -> assertThat(r.get(0)).isNull());
    }
  }

  // --- Every view that rolls up

  /**
   * Reports of every shape that has a view which rolls up, and what their sums are compared with.
   */
  private static final List<Question> SHAPES =
      List.of(
          Question.pageviews("traffic_hourly", "hour"),
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("traffic_monthly", "month"),
          Question.pageviews("traffic_yearly", "year"),
          Question.pageviews("sources_hourly", "hour", "referrer_source"),
          Question.pageviews("sources_daily", "day", "referrer_source"),
          Question.pageviews("sources_monthly", "month", "referrer_source"),
          Question.pageviews("sources_total", "none", "referrer_source"),
          Question.pageviews("pages_daily", "day", "pathname", "utm_source"),
          Question.pageviews("home_daily", "day", "referrer_source").where("pathname", "is", "/"),
          Question.events("goals_daily", "day"),
          Question.events("goals_monthly", "month"),
          Question.events("goal_sources_daily", "day", "referrer_source"),
          Question.events("goal_sources_monthly", "month", "referrer_source"));

  /** A measure of a view that sums up rows of a report in some direction. */
  private record RollUp(String view, String report, String direction, String measure) {}

  private static List<RollUp> rollUps(TestDatabase database) {
    List<RollUp> all = new ArrayList<>();
    for (List<?> column :
        database.query(
            """
            SELECT c.relname, a.attname
              FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
             WHERE c.relnamespace = 'fathom_bi'::regnamespace
               AND c.relname ~ '^site_(week|month|quarter|year)$|_month$|_channel$'
               AND a.attname IN ('visits', 'uniques', 'unique_conversions')
             ORDER BY 1, 2\
            """)) {
      String view = String.valueOf(column.get(0));
      String measure = String.valueOf(column.get(1));
      boolean ofSites = view.startsWith("site_");
      // A month and a year have the API's own number.
      if (!measure.equals("uniques") || !Set.of("site_month", "site_year").contains(view)) {
        all.add(
            new RollUp(
                view,
                ofSites ? "traffic_daily" : view.replaceAll("_(month|channel)$", ""),
                view.endsWith("_channel") ? "over_groups" : "over_days",
                measure));
      }
    }
    return all;
  }

  /** Returns whether certified numbers bear the sum out, or, for visits, do not contradict it. */
  private static boolean isBorneOut(TestDatabase database, RollUp sum) {
    List<?> measured =
        database.query(
            "SELECT periods = agreed FROM fathom_bi.additivity WHERE report = '%s' AND direction = '%s' AND measure = '%s'"
                .formatted(sum.report(), sum.direction(), sum.measure()));
    return measured.isEmpty()
        ? sum.measure().equals("visits")
        : measured.equals(List.of(List.of(true)));
  }

  /** Returns the sums that are shown; those that no certificate bears out must be null. */
  private static Set<String> shown(TestDatabase database) {
    Set<String> shown = new TreeSet<>();
    for (RollUp sum : rollUps(database)) {
      boolean borneOut = isBorneOut(database, sum);
      assertThat(
              database.query(
                  "SELECT sum(%s)::bigint FROM fathom_bi.%s".formatted(sum.measure(), sum.view())))
          .as("%s, which is%s borne out", sum, borneOut ? "" : " not")
          .isEqualTo(
              borneOut
                  ? database.query(
                      "SELECT sum(%s)::bigint FROM fathom.%s"
                          .formatted(sum.measure(), sum.report()))
                  : List.of(Collections.singletonList(null)));
      if (borneOut) {
        shown.add(sum.view() + "." + sum.measure());
      }
    }
    return shown;
  }

  /**
   * Whatever views there are: a unique count is summed where certificates bear it out and nowhere
   * else, in worlds whose uniques overlap and do not, and as soon as the measurements change.
   */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void noViewRollsUpWhatCertificatesDoNotBearOut(boolean overlap) throws IOException {
    World world = world();
    world.addEvent(SITE, "buy");
    for (LocalDate day = FIRST; !day.isAfter(LAST); day = day.plusDays(1)) {
      for (String source : List.of("Google", "Bing")) {
        world.add(
            SITE,
            Conversion.of("buy", world.instant(SITE, day.atTime(12, 0)))
                .with(Dimension.REFERRER_SOURCE, source));
      }
    }
    try (TestDatabase database =
        exported(world, Behaviour.unlimited().withVisitorsRecognised(overlap), SHAPES)) {
      Set<String> visits = new TreeSet<>();
      rollUps(database).stream()
          .filter(sum -> sum.measure().equals("visits"))
          .forEach(sum -> visits.add(sum.view() + ".visits"));
      Set<String> conversions =
          Set.of(
              "goals_daily_month.unique_conversions",
              "goal_sources_daily_month.unique_conversions",
              "goal_sources_daily_channel.unique_conversions",
              "goal_sources_monthly_channel.unique_conversions");
      Set<String> uniques =
          Set.of(
              "site_week.uniques",
              "site_quarter.uniques",
              "sources_daily_month.uniques",
              "sources_daily_channel.uniques",
              "sources_hourly_channel.uniques",
              "sources_monthly_channel.uniques");
      Set<String> expected = new TreeSet<>(visits);
      expected.addAll(conversions);
      if (!overlap) {
        expected.addAll(uniques);
      }
      assertThat(shown(database)).isEqualTo(expected);

      database.execute("DELETE FROM fathom_ops.additivity WHERE measure <> 'visits'");
      assertThat(shown(database)).isEqualTo(visits);
      database.execute("UPDATE fathom_ops.additivity SET agreed = 0");
      assertThat(shown(database))
          .as("of what was not compared, visits are still summed up")
          .isSubsetOf(visits)
          .doesNotContain("site_week.visits", "sources_daily_channel.visits");
    }
  }

  private static final String COMPARED =
      "SELECT report, periods, agreed FROM fathom_bi.additivity WHERE measure = 'visits' ORDER BY"
          + " report";

  /**
   * The numbers of a day change, and only one side is fetched again: neither are both compared, nor
   * are their numbers shown beside each other. {@code status} says how to bring them together.
   */
  @ParameterizedTest
  @ValueSource(strings = {"days", "months"})
  void numbersOfTwoStatesAreNotCompared(String again) throws IOException {
    World world = world();
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation =
          new Installation(directory, database, api, NOW)
              .pipeline("days", "all", "[postgres, parquet]", REPORTS.subList(0, 2))
              .pipeline("months", "all", "[postgres, parquet]", REPORTS.subList(2, 3));
      for (String pipeline : List.of("days", "months")) {
        backfill(installation, pipeline);
      }
      List<List<?>> compared =
          List.of(List.of("sources_daily", 30L, 30L), List.of("traffic_daily", 1L, 1L));
      assertThat(database.query(COMPARED)).isEqualTo(compared);

      world.add(SITE, world.viewAt(SITE, LocalDate.of(2025, 9, 9).atTime(20, 0)).visit(99));
      installation.at(NOW.plusSeconds(60));
      backfill(installation, again, "--force");

      long visits = 6L * LAST.getDayOfMonth() + (again.equals("days") ? 1 : 0);
      assertThat(database.query(COMPARED)).containsExactly(List.of("sources_daily", 30L, 30L));
      String month =
          "SELECT visits, uniques, state FROM fathom_bi.site_month WHERE first_day = '2025-09-01'";
      assertThat(database.query(month)).containsExactly(Arrays.asList(visits, null, "complete"));
      assertThat(monthInFiles(installation)).isEqualTo(visits + " null complete");
      assertOnePage(installation);

      String older = again.equals("days") ? "traffic_monthly" : "traffic_daily";
      String words =
          "~ "
              + older
              + " of BERLIN (Site BERLIN), 2025-09-01 .. 2025-09-30, is older than a change that ";
      String command = again.equals("days") ? "backfill months" : "backfill days";
      command += " --site BERLIN --report " + older;
      command += " --from 2025-09-01 --to 2025-09-30 --force";
      for (String sinks : List.of("[parquet]", "[postgres, parquet]")) {
        installation
            .pipeline("days", "all", sinks, REPORTS.subList(0, 2))
            .pipeline("months", "all", sinks, REPORTS.subList(2, 3));
        for (String pipeline : List.of("days", "months")) {
          assertThat(installation.run("status", pipeline).out())
              .contains(words, "fathom-export " + command);
        }
      }

      installation.at(NOW.plusSeconds(120));
      Installation.Ended ended = installation.run(command.split(" "));
      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(installation.run("status", again).out()).doesNotContain("older than a change");
      assertThat(database.query(COMPARED)).contains(List.of("traffic_daily", 1L, 1L));
      assertThat(database.query(month))
          .containsExactly(List.of(6L * 30 + 1, 6L * 30 + 1, "complete"));
      assertThat(monthInFiles(installation)).isEqualTo("181 181 complete");
      assertOnePage(installation);
    }
  }

  /**
   * One report of a site is fetched again alone after its numbers have changed: sums of it and of
   * the other differ. {@code status} and a view say so, and one backfill brings both together.
   */
  @Test
  void daysOfTwoReportsThatDifferAreNamed() throws IOException {
    World world = world();
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation =
          new Installation(directory, database, api, NOW)
              .pipeline("days", "all", "[postgres, parquet]", DAILY);
      backfill(installation, "days");
      String unequal =
          "SELECT date::text, report, against, pageviews_against - pageviews FROM"
              + " fathom_ops.unequal_day";
      assertThat(database.query(unequal)).isEmpty();
      assertThat(installation.run("status", "days").out()).doesNotContain("other pageviews");

      world.add(SITE, world.viewAt(SITE, LocalDate.of(2025, 9, 9).atTime(20, 0)).visit(99));
      installation.at(NOW.plusSeconds(60));
      backfill(installation, "days", "--force", "--report", "sources_daily");

      assertThat(database.query(unequal))
          .containsExactly(List.of("2025-09-09", "traffic_daily", "sources_daily", 1L));
      String command =
          "backfill days --site BERLIN --report traffic_daily --report sources_daily --report browsers_daily --from"
              + " 2025-09-01 --to 2025-09-30 --force";
      for (String sinks : List.of("[parquet]", "[postgres, parquet]")) {
        installation.pipeline("days", "all", sinks, DAILY);
        assertThat(installation.run("status", "days").out())
            .contains(
                "~ traffic_daily of BERLIN (Site BERLIN), 2025-09-01 .. 2025-09-30, has days with"
                    + " other pageviews than sources_daily, which was fetched at another time",
                "fathom-export " + command);
      }

      installation.at(NOW.plusSeconds(120));
      Installation.Ended ended = installation.run(command.split(" "));
      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(database.query(unequal)).isEmpty();
      assertThat(installation.run("status", "days").out()).doesNotContain("other pageviews");
    }
  }

  /** The number of a whole month is not shown beside the sums of some of its days. */
  @Test
  void aMonthOfWhichDaysAreMissingDoesNotShowTheNumberOfAllDays() throws IOException {
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api = FathomSimulator.start(world(), Behaviour.unlimited())) {
      Installation installation =
          new Installation(directory, database, api, NOW)
              .pipeline("days", "all", "[postgres, parquet]", REPORTS.subList(0, 1))
              .pipeline(
                  "whole",
                  "all",
                  "[postgres, parquet]",
                  List.of(REPORTS.get(2), Question.pageviews("traffic_yearly", "year")));
      backfill(installation, "whole");
      Installation.Ended some =
          installation.run("backfill", "days", "--from", "2025-09-01", "--to", "2025-09-20");
      assertThat(some.code()).as(some.said()).isZero();

      String month =
          "SELECT visits, uniques, avg_duration IS NULL, state FROM fathom_bi.site_month WHERE"
              + " first_day = '2025-09-01'";
      String year =
          "SELECT visits, uniques, avg_duration IS NULL, state FROM fathom_bi.site_year WHERE"
              + " first_day = '2025-01-01'";
      assertThat(database.query(month))
          .containsExactly(Arrays.asList(120L, null, true, "incomplete"));
      assertThat(database.query(year))
          .containsExactly(Arrays.asList(120L, null, true, "incomplete"));
      assertThat(monthInFiles(installation)).isEqualTo("120 null incomplete");
      assertOnePage(installation);

      backfill(installation, "days");
      assertThat(database.query(month)).containsExactly(List.of(180L, 180L, true, "complete"));
      assertThat(database.query(year))
          .as("the other days of the year had no pageviews")
          .containsExactly(List.of(180L, 180L, true, "incomplete"));
      assertThat(monthInFiles(installation)).isEqualTo("180 180 complete");
      assertOnePage(installation);
    }
  }

  private static void assertOnePage(Installation installation) throws IOException {
    String views = installation.run("describe", "--format", "dashboard").out();
    String files = installation.run("describe", "--format", "dashboard", "--from-files").out();
    assertThat(DashboardData.withoutSource(files)).isEqualTo(DashboardData.withoutSource(views));
  }

  private static String monthInFiles(Installation installation) throws IOException {
    Installation.Ended ended = installation.run("describe", "--format", "duckdb", "--out", "v.sql");
    assertThat(ended.code()).as(ended.said()).isZero();
    try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duck.createStatement()) {
      statement.execute(Files.readString(installation.directory().resolve("v.sql")));
      try (ResultSet row =
          statement.executeQuery(
              "SELECT visits || ' ' || coalesce(uniques::VARCHAR, 'null') || ' ' || state FROM"
                  + " fathom_bi.site_month WHERE first_day = '2025-09-01'")) {
        assertThat(row.next()).isTrue();
        return row.getString(1);
      }
    } catch (SQLException e) {
      throw new IOException(e);
    }
  }

  private static void backfill(Installation installation, String pipeline, String... more) {
    List<String> command =
        new ArrayList<>(
            List.of("backfill", pipeline, "--from", FIRST.toString(), "--to", LAST.toString()));
    command.addAll(List.of(more));
    Installation.Ended ended = installation.run(command.toArray(String[]::new));
    assertThat(ended.code()).as(ended.said()).isZero();
  }
}
