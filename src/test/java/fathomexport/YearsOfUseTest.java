package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.Fixture;
import fathomexport.testing.Installation;
import fathomexport.testing.Landed;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.stream.Stream;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.MigrationVersion;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Upgrades, backups and moves, as {@code docs/maintenance.md} describes them. */
class YearsOfUseTest {
  private static final LocalDate TRAFFIC_FROM = LocalDate.of(2025, 8, 29);
  private static final LocalDate FIRST = LocalDate.of(2025, 9, 26);
  private static final LocalDate LAST = LocalDate.of(2025, 10, 3);
  private static final Instant NOW = Instant.parse("2025-10-03T14:00:00Z");
  private static final Duration DAY = Duration.ofDays(1);
  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("pages_daily", "day", "hostname", "pathname"));

  @TempDir Path directory;
  @TempDir Path other;

  @RegisterExtension final Fixture fixture = new Fixture();
  private final World world = World.dozen(61, TRAFFIC_FROM, LAST, 0);
  private FathomSimulator api;

  @BeforeEach
  void start() throws IOException {
    api = fixture.api(world, Behaviour.unlimited());
  }

  private Installation installation(Path place, TestDatabase database) {
    return new Installation(place, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
        .pipeline("nightly", "[LDNBOOKS, UTCSTATS]", "[postgres, parquet]", REPORTS);
  }

  private static void succeeds(Installation installation, String... arguments) {
    Installation.Ended ended = installation.run(arguments);
    assertThat(ended.code()).as(ended.said()).isZero();
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      files.forEach(
          file -> {
            try {
              Files.copy(file, to.resolve(from.relativize(file).toString()));
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }
  }

  private void assertWholeIn(Installation installation, LocalDate from, LocalDate to) {
    for (Question report : REPORTS) {
      List<List<@Nullable Object>> expected =
          Stream.of("LDNBOOKS", "UTCSTATS")
              .flatMap(site -> report.expected(world, api.truth(), site, from, to).stream())
              .toList();
      assertThat(expected).isNotEmpty();
      assertThat(Landed.differences(expected, Landed.inPostgres(installation.database(), report)))
          .as("%s in PostgreSQL", report.name())
          .isEmpty();
      assertThat(Landed.differences(expected, Landed.inParquet(installation.warehouse(), report)))
          .as("%s in Parquet", report.name())
          .isEmpty();
    }
  }

  @Test
  void aDatabaseOfANewerVersionIsRefused() {
    TestDatabase database = fixture.database();
    Installation installation = installation(directory, database);
    succeeds(installation, "run", "nightly");
    database.execute(
        "INSERT INTO fathom_ops.schema_history (installed_rank, version, description, type, script,"
            + " installed_by, execution_time, success) VALUES (1000, '999', 'of the future', 'SQL',"
            + " 'V999__of_the_future.sql', current_user, 1, true)");
    var before = database.query("SELECT count(*), max(fetched_at) FROM fathom_ops.ledger");
    api.log().clear();
    installation.at(NOW.plus(DAY));

    for (String command : List.of("run", "migrate")) {
      Installation.Ended ended = installation.run(command, "nightly");

      assertThat(ended.code()).as(ended.said()).isEqualTo(78);
      assertThat(ended.said())
          .contains(
              "was migrated by a newer version of fathom-export",
              "at version 999 (of the future)",
              "Nothing was changed",
              "Install the newer fathom-export")
          .doesNotContain("Exception");
    }
    assertThat(api.log().aggregations()).isEmpty();
    assertThat(database.query("SELECT count(*), max(fetched_at) FROM fathom_ops.ledger"))
        .isEqualTo(before);
  }

  /** Files need no database, so a run that only shares its quota there goes on without it. */
  @Test
  void aNewerDatabaseDoesNotStopAPipelineThatWritesFilesOnly() {
    TestDatabase database = fixture.database();
    Installation installation =
        installation(directory, database)
            .pipeline("files", "[LDNBOOKS]", "[parquet]", List.of(REPORTS.get(0)));
    succeeds(installation, "migrate", "nightly");
    database.execute(
        "UPDATE fathom_ops.schema_history SET version = '999' WHERE installed_rank ="
            + " (SELECT max(installed_rank) FROM fathom_ops.schema_history"
            + " WHERE version IS NOT NULL)");

    succeeds(installation, "run", "files");
  }

  /** An old database is brought up to date by the next run, and what it holds stays. */
  @Test
  void anOlderDatabaseIsMigratedByTheNextRun() {
    TestDatabase database = fixture.emptyDatabase();
    Flyway.configure(Main.class.getClassLoader())
        .dataSource(database.url(), database.user(), database.password())
        .defaultSchema("fathom_ops")
        .schemas("fathom_ops", "fathom")
        .createSchemas(true)
        .table("schema_history")
        .locations("classpath:fathomexport/sql")
        .target(MigrationVersion.fromVersion("4"))
        .load()
        .migrate();
    database.execute(
        "INSERT INTO fathom_ops.ledger (report, site_id, event_name, period, period_end, covers_to,"
            + " status, stored, rows, store_if_absent, definition, requests, control_requests,"
            + " splits, window_id, run_id, fetched_at) VALUES ('of_another_pipeline', 'LDNBOOKS', '',"
            + " '2025-09-01', '2025-09-01', '2025-09-01', 'certified', true, 0, false, 'd', 1, 1, 0,"
            + " 'w', 'r', now())");

    succeeds(installation(directory, database), "run", "nightly");

    assertThat(
            database.query(
                "SELECT count(*)::int FROM fathom_ops.ledger WHERE period = '2025-09-01'"))
        .containsExactly(List.of(1));
  }

  @Test
  void aRestoredBackupIsNotFetchedAgain() throws IOException {
    TestDatabase database = fixture.database();
    Installation first = installation(directory, database);
    succeeds(first, "backfill", "nightly", "--from", "2025-09-26", "--to", "2025-10-02");
    try (TestDatabase restored = database.copy()) {
      copy(first.warehouse(), other.resolve("warehouse"));
      Installation second = installation(other, restored);
      api.log().clear();

      Installation.Ended ended = second.run("run", "nightly");

      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(ended.out()).contains("nothing to do");
      assertThat(api.log().aggregations()).isEmpty();
      assertWholeIn(second, FIRST, LocalDate.of(2025, 10, 2));
    }
  }

  /** The database is a night older than the files: the next run makes both equal. */
  @Test
  void anOlderBackupOfOneSinkIsFilledByTheNextRun() throws IOException {
    TestDatabase database = fixture.database();
    Installation first = installation(directory, database).at(NOW);
    succeeds(first, "backfill", "nightly", "--from", "2025-09-26", "--to", "2025-10-02");
    try (TestDatabase backup = database.copy()) {
      first.at(NOW.plus(DAY));
      succeeds(first, "run", "nightly");
      copy(first.warehouse(), other.resolve("warehouse"));
      Installation second = installation(other, backup).at(NOW.plus(DAY));

      succeeds(second, "run", "nightly");

      assertWholeIn(second, FIRST, LAST);
    }
  }

  /** Old months are deleted as the page says, and the next night does not fetch them again. */
  @Test
  void deletedMonthsStayDeleted() throws IOException {
    TestDatabase database = fixture.database();
    Installation installation =
        installation(directory, database).settings(1_000, 1_000, "  max_range_days: 7\n");
    succeeds(installation, "backfill", "nightly", "--from", "2025-08-29", "--to", "2025-10-02");
    for (Question report : REPORTS) {
      String name = "'" + report.name() + "'";
      database.execute(
          "DELETE FROM fathom." + report.name() + " WHERE date < '2025-09-01'",
          "DELETE FROM fathom_ops.ledger WHERE report = " + name + " AND period_end < '2025-09-01'",
          "DELETE FROM fathom_ops.attempt WHERE report = "
              + name
              + " AND period_end < '2025-09-01'",
          "DELETE FROM fathom_ops.restatement WHERE report = " + name + " AND day < '2025-09-01'");
      for (String site : List.of("LDNBOOKS", "UTCSTATS")) {
        Path month =
            installation.warehouse().resolve(report.name() + "/site_id=" + site + "/month=2025-08");
        Files.delete(month.resolve("data.parquet"));
        Files.delete(month);
      }
    }
    api.log().clear();

    Installation.Ended ended = installation.run("run", "nightly");

    assertThat(ended.code()).as(ended.said()).isZero();
    assertThat(ended.out()).contains("nothing to do");
    assertThat(api.log().aggregations()).isEmpty();
    Installation.Ended status = installation.run("status", "nightly");
    assertThat(status.out()).contains("2 of 2 sites are complete");
    assertWholeIn(installation, LocalDate.of(2025, 9, 1), LocalDate.of(2025, 10, 2));
  }

  /** Readers who have the files only find the ledger beside them after every run. */
  @Test
  void aRunWritesTheCoverageFile() throws SQLException {
    Installation installation = installation(directory, fixture.database());
    succeeds(installation, "backfill", "nightly", "--from", "2025-09-26", "--to", "2025-10-01");
    Path coverage = installation.warehouse().resolve("_fathom/coverage.parquet");

    assertThat(coverage(coverage)).isEqualTo("6 days per report and site, all known");

    succeeds(installation.at(NOW), "run", "nightly");
    assertThat(coverage(coverage)).isEqualTo("7 days per report and site, all known");
  }

  private static String coverage(Path file) throws SQLException {
    try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duck.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT count(*) / count(DISTINCT (report, site_id))::int,"
                    + " bool_and(state IN ('complete', 'empty')) FROM '"
                    + file
                    + "'")) {
      assertThat(row.next()).isTrue();
      return "%d days per report and site, %s"
          .formatted(row.getInt(1), row.getBoolean(2) ? "all known" : "some unknown");
    }
  }
}
