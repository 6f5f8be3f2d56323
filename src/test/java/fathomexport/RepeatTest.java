package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.Installation;
import fathomexport.testing.Landed;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same again changes nothing: not a row, not a byte. */
class RepeatTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 9, 20);
  private static final LocalDate LAST = LocalDate.of(2025, 11, 8);
  private static final Instant NOW = Instant.parse("2025-11-09T14:00:00Z");

  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("pages_daily", "day", "hostname", "pathname"),
          Question.pageviews("browsers_hourly", "hour", "browser"),
          Question.pageviews("cities_monthly", "month", "city"),
          Question.pageviews("cities_yearly", "year", "city"),
          Question.pageviews("cities_total", "none", "city"),
          Question.events("goals_daily", "day", "referrer_source"));

  @TempDir Path directory;

  private Installation install(TestDatabase database, FathomSimulator api) {
    return new Installation(
            directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
        .settings(500)
        .pipeline("all", REPORTS);
  }

  /** Every row of every report with the transaction that wrote it. */
  private static SortedMap<String, List<List<@Nullable Object>>> written(TestDatabase database) {
    SortedMap<String, List<List<@Nullable Object>>> tables = new TreeMap<>();
    for (Question report : REPORTS) {
      tables.put(
          report.name(),
          database.query(
              "SELECT ctid::text, xmin::text, t::text FROM fathom."
                  + report.name()
                  + " t ORDER BY t.ctid"));
    }
    return tables;
  }

  private static void assertSameBytes(SortedMap<Path, byte[]> before, SortedMap<Path, byte[]> now) {
    assertThat(now.keySet()).isEqualTo(before.keySet());
    assertThat(now.keySet().stream().filter(p -> !Arrays.equals(now.get(p), before.get(p))))
        .as("files whose bytes changed")
        .isEmpty();
  }

  @Test
  void aSecondNightlyRunAsksForNothing() throws IOException {
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api =
            FathomSimulator.start(World.dozen(21, FIRST, LAST, 0), Behaviour.unlimited())) {
      Installation installation = install(database, api);
      Installation.Ended first = installation.run("run", "all");
      assertThat(first.code()).as(first.said()).isZero();
      var rows = written(database);
      assertThat(rows.values()).as("every report has rows").noneMatch(List::isEmpty);
      var files = Landed.files(installation.warehouse());
      api.log().clear();

      Installation.Ended second = installation.run("run", "all");

      assertThat(second.code()).as(second.said()).isZero();
      assertThat(second.out()).contains("nothing to do");
      assertThat(api.log().aggregations().size()).isZero();
      assertThat(written(database)).isEqualTo(rows);
      assertSameBytes(files, Landed.files(installation.warehouse()));
    }
  }

  /** The day after, the look-back is asked for again; its rows are the same, and stay. */
  @Test
  void theNextNightWritesNoRowThatIsThere() throws IOException {
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api =
            FathomSimulator.start(World.dozen(22, FIRST, LAST, 0), Behaviour.unlimited())) {
      Installation installation = install(database, api).at(NOW.minus(Duration.ofDays(1)));
      assertThat(installation.run("run", "all").code()).isZero();
      var before = written(database);
      api.log().clear();

      Installation.Ended next = installation.at(NOW).run("run", "all");

      assertThat(next.code()).as(next.said()).isZero();
      assertThat(api.log().aggregations().size()).isPositive();
      var after = written(database);
      for (String daily : List.of("traffic_daily", "pages_daily", "browsers_hourly")) {
        assertThat(after.getOrDefault(daily, List.of()))
            .as(daily)
            .containsAll(before.getOrDefault(daily, List.of()));
        assertThat(after.getOrDefault(daily, List.of()).size())
            .isGreaterThan(before.getOrDefault(daily, List.of()).size());
      }
    }
  }

  @Test
  void forcedAgainNothingChanges() throws IOException {
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api =
            FathomSimulator.start(World.dozen(23, FIRST, LAST, 0), Behaviour.unlimited())) {
      Installation installation = install(database, api);
      Installation.Ended first = backfill(installation);
      assertThat(first.code()).as(first.said()).isZero();
      var rows = written(database);
      assertThat(rows.values()).as("every report has rows").noneMatch(List::isEmpty);
      var files = Landed.files(installation.warehouse());
      int requests = api.log().aggregations().size();
      api.log().clear();

      Installation.Ended again = backfill(installation, "--force");

      assertThat(again.code()).as(again.said()).isZero();
      assertThat(api.log().aggregations().size()).isBetween(1, requests);
      assertThat(written(database)).as("xmin and ctid of all rows").isEqualTo(rows);
      assertSameBytes(files, Landed.files(installation.warehouse()));
      assertThat(database.query("SELECT * FROM fathom_ops.restatement")).isEmpty();
      api.log().clear();

      Installation.Ended third = backfill(installation);

      assertThat(third.code()).as(third.said()).isZero();
      assertThat(api.log().aggregations().size()).as("what is complete is not asked").isZero();
    }
  }

  private static Installation.Ended backfill(Installation installation, String... more) {
    String[] arguments = {"backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString()};
    String[] all = Arrays.copyOf(arguments, arguments.length + more.length);
    System.arraycopy(more, 0, all, arguments.length, more.length);
    return installation.run(all);
  }
}
