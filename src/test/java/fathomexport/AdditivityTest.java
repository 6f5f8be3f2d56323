package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.World;
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
import java.util.List;
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
    TestDatabase database = TestDatabase.migrated();
    try (FathomSimulator api = FathomSimulator.start(world(), behaviour)) {
      Installation installation =
          new Installation(
                  directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
              .pipeline("all", "all", "[postgres]", REPORTS);
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

  private static final String COMPARED =
      "SELECT report, periods, agreed FROM fathom_bi.additivity WHERE measure = 'visits' ORDER BY"
          + " report";

  /** The numbers of a day change, and only one side is fetched again. */
  @ParameterizedTest
  @ValueSource(strings = {"days", "months"})
  void numbersOfTwoStatesAreNotCompared(String again) throws IOException {
    World world = world();
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation =
          new Installation(
                  directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
              .pipeline("days", "all", "[postgres, parquet]", REPORTS.subList(0, 2))
              .pipeline("months", "all", "[postgres, parquet]", REPORTS.subList(2, 3));
      for (String pipeline : List.of("days", "months")) {
        backfill(installation, pipeline);
      }
      List<List<?>> compared =
          List.of(List.of("sources_daily", 30L, 30L), List.of("traffic_daily", 1L, 1L));
      assertThat(database.query(COMPARED)).isEqualTo(compared);

      world.add(SITE, world.viewAt(SITE, LocalDate.of(2025, 9, 9).atTime(20, 0)).visit(99));
      backfill(installation, again, "--force");

      long visits = 6L * LAST.getDayOfMonth() + (again.equals("days") ? 1 : 0);
      assertThat(database.query(COMPARED)).containsExactly(List.of("sources_daily", 30L, 30L));
      assertThat(
              database.query(
                  "SELECT visits, state FROM fathom_bi.site_month WHERE first_day = '2025-09-01'"))
          .containsExactly(List.of(visits, "complete"));
      assertThat(monthInFiles(installation)).isEqualTo(visits + " complete");

      backfill(installation, again.equals("days") ? "months" : "days", "--force");
      assertThat(database.query(COMPARED)).isEqualTo(compared);
    }
  }

  private static String monthInFiles(Installation installation) throws IOException {
    Installation.Ended ended = installation.run("describe", "--format", "duckdb", "--out", "v.sql");
    assertThat(ended.code()).as(ended.said()).isZero();
    try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duck.createStatement()) {
      statement.execute(Files.readString(installation.directory().resolve("v.sql")));
      try (ResultSet row =
          statement.executeQuery(
              "SELECT visits || ' ' || state FROM fathom_bi.site_month WHERE first_day ="
                  + " '2025-09-01'")) {
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
