package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
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
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code keep:} removes, when, and that it stays removed, as a person sees it. */
class KeepTest {
  private static final String SITE = "BERLIN";
  private static final LocalDate FIRST = LocalDate.of(2025, 10, 20);
  private static final Instant NOW = Instant.parse("2025-12-10T14:00:00Z");
  private static final Question TRAFFIC = Question.pageviews("traffic_daily", "day");
  private static final Question PAGES = Question.pageviews("pages_daily", "day", "pathname");
  private static final String REMOVED =
      "report pages_daily: 12 periods before 2025-11-01 with 24 rows were removed (keep: 1 month)";

  @TempDir Path directory;

  private World world;
  private TestDatabase database;
  private FathomSimulator api;
  private Installation installation;

  @BeforeEach
  void exportEverything() throws IOException {
    world = World.empty().addSite(SITE, ZoneId.of("Europe/Berlin"));
    for (LocalDate day = FIRST; day.isBefore(LocalDate.of(2025, 12, 20)); day = day.plusDays(1)) {
      world.add(SITE, world.viewAt(SITE, day.atTime(9, 5)).path("/a"));
      world.add(SITE, world.viewAt(SITE, day.atTime(10, 5)).path("/b"));
    }
    database = TestDatabase.migrated();
    api = FathomSimulator.start(world, Behaviour.unlimited());
    installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
            .settings(1000, 1000, "  max_range_days: 20\n");
    pipeline("");
    done("backfill", "all", "--from", FIRST.toString(), "--to", "2025-12-09");
    pipeline("keep: 1 month\n");
    api.log().clear();
  }

  @AfterEach
  void close() {
    api.close();
    database.close();
  }

  private void pipeline(String keep) {
    installation.write(
        "pipelines/all.yaml",
        "sites: all\nlookback_days: 3\n"
            + keep
            + "sinks: [postgres, parquet]\nreports:\n"
            + TRAFFIC.yaml()
            + PAGES.yaml());
  }

  private String done(String... arguments) {
    Installation.Ended ended = installation.run(arguments);
    assertThat(ended.code()).as(ended.said()).isZero();
    return ended.out() + ended.err();
  }

  private @Nullable Object one(String sql) {
    return database.query(sql).get(0).get(0);
  }

  private List<String> months() throws IOException {
    try (Stream<Path> folders =
        Files.list(installation.warehouse().resolve("pages_daily/site_id=" + SITE))) {
      return folders.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }

  private void assertOnlyKept() throws IOException {
    assertThat(one("SELECT min(date)::text FROM fathom.pages_daily")).isEqualTo("2025-11-01");
    assertThat(one("SELECT min(period)::text FROM fathom_ops.ledger WHERE report = 'pages_daily'"))
        .isEqualTo("2025-11-01");
    assertThat(months()).containsExactly("month=2025-11", "month=2025-12");
    assertThat(installation.warehouse().resolve("_fathom/retention/pages_daily.json")).exists();
  }

  @Test
  void aRunRemovesWhatThePlanAnnounced() throws IOException {
    assertThat(done("plan", "all"))
        .contains(
            "report pages_daily: the next run removes 12 periods before 2025-11-01 (keep: 1 month)");
    assertThat(months()).contains("month=2025-10");

    assertThat(done("run", "all")).contains(REMOVED);

    assertOnlyKept();
    assertThat(
            database.query(
                """
                SELECT r.first_day::text, r.periods, r.rows, n.command
                  FROM fathom_ops.retention r JOIN fathom_ops.run n USING (run_id)
                 WHERE r.report = 'pages_daily' AND r.site_id = 'BERLIN'\
                """))
        .containsExactly(List.of("2025-11-01", 12L, 24L, "run"));
    assertThat(done("plan", "all")).doesNotContain("removes");
    assertThat(done("explain", "pages_daily", SITE, "2025-10-31"))
        .contains("days before 2025-11-01 are older than the pipeline keeps (keep: 1 month)")
        .doesNotContain("never measured");
  }

  @Test
  void thePlanSaysWhatStaysSinceARunCanStillFetchIt() throws IOException {
    installation.settings(1000, 1000, "  max_range_days: 60\n");

    assertThat(done("plan", "all"))
        .contains(
            "report pages_daily: 12 periods from 2025-10-01 to 2025-10-31 stay, although the"
                + " pipeline keeps 1 month: what a run can still fetch (max_range_days: 60,"
                + " lookback_days: 3) is always kept")
        .doesNotContain("removes");
    done("run", "all");
    assertThat(months()).contains("month=2025-10");
  }

  /** A query that began before keeps what it saw, and the run does not wait for it. */
  @Test
  void aReaderAndTheRemovalDoNotWaitForEachOther() throws Exception {
    String oldest = "SELECT min(date)::text FROM fathom_bi.pages_daily";
    try (Connection reader = database.connect();
        Statement query = reader.createStatement()) {
      reader.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      reader.setAutoCommit(false);
      query.execute("SET statement_timeout = '20s'");
      assertThat(oldest(query, oldest)).isEqualTo("2025-10-20");

      assertThat(done("run", "all")).contains(REMOVED);

      assertThat(oldest(query, oldest)).isEqualTo("2025-10-20");
      reader.commit();
      assertThat(oldest(query, oldest)).isEqualTo("2025-11-01");
      reader.rollback();
    }
    assertOnlyKept();
  }

  private static String oldest(Statement query, String sql) throws SQLException {
    try (ResultSet row = query.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  /** What lies before the kept days would cost requests in vain. */
  @Test
  void theOfferedHistoryOfANewSiteBeginsWithTheKeptDays() {
    done("run", "all");
    world.addSite("NEW", ZoneId.of("Europe/Berlin"));
    for (LocalDate day = FIRST; day.isBefore(LocalDate.of(2025, 12, 20)); day = day.plusDays(1)) {
      world.add("NEW", world.viewAt("NEW", day.atTime(9, 5)).path("/a"));
    }
    installation.at(NOW.plusSeconds(86_400));

    assertThat(done("run", "all"))
        .contains("is new. To fetch its history", "--site NEW --from 2025-11-01 --to ");
  }

  @Test
  void whatIsRemovedIsNeitherFetchedAgainNorMissed() {
    done("run", "all");
    api.log().clear();

    String said = done("backfill", "all", "--from", FIRST.toString(), "--to", "2025-10-31");

    assertThat(said)
        .contains("24 periods are not fetched: they are older than the pipeline keeps (keep:)");
    assertThat(api.log().aggregations()).isEmpty();
    assertThat(done("plan", "all", "--from", FIRST.toString(), "--to", "2025-10-31"))
        .contains("24 periods are not fetched");
    installation.at(NOW.plusSeconds(86_400));
    done("run", "all");
    assertThat(api.log().aggregations())
        .allSatisfy(
            e -> assertThat(e.request().parameter("date_from")).isGreaterThan("2025-12-01"));
    done("verify", "all", "--from", FIRST.toString(), "--to", "2025-12-08");
    done("status", "all", "--check");
    assertThat(
            database.query(
                """
                SELECT min(date)::text, count(*) FILTER (WHERE state <> 'complete')
                  FROM fathom_bi.calendar WHERE report = 'pages_daily' AND date < '2025-12-10'\
                """))
        .containsExactly(List.of("2025-11-01", 0L));
  }

  /** What is not over, and was not stored from its beginning, will not be complete as a whole. */
  @Test
  void aPeriodThatBeganBeforeTheFirstStoredDayIsIncomplete() {
    done("run", "all");
    database.query("SELECT set_config('fathom.as_of', '" + NOW + "', false)");
    String december =
        """
        SELECT m.state, m.complete_days, p.state, p.complete_days
          FROM fathom_bi.site_month m, fathom_bi.pages_daily_month p
         WHERE m.first_day = '2025-12-01' AND p.month = m.first_day LIMIT 1\
        """;

    for (String view : List.of("site_year", "site_quarter")) {
      assertThat(database.query("SELECT state, complete_days FROM fathom_bi." + view))
          .as(view)
          .containsExactly(List.of("incomplete", 39));
    }
    assertThat(database.query(december))
        .containsExactly(List.of("provisional", 9, "provisional", 9));

    database.execute("DELETE FROM fathom_ops.ledger WHERE period < '2025-12-03'");
    assertThat(database.query(december)).containsExactly(List.of("incomplete", 7, "incomplete", 7));
  }

  /** One sink has removed its periods when the run is killed; the other still has them. */
  @Test
  void aRunThatWasKilledInBetweenIsCompletedByTheNextOne() throws IOException {
    database.execute(
        "DELETE FROM fathom.pages_daily WHERE date < '2025-11-01'",
        "DELETE FROM fathom_ops.ledger WHERE report = 'pages_daily' AND period < '2025-11-01'");

    done("status", "all", "--check");
    done("verify", "all", "--from", FIRST.toString(), "--to", "2025-12-08");
    assertThat(done("plan", "all")).contains("the next run removes 12 periods");
    assertThat(months()).contains("month=2025-10");

    done("run", "all");

    assertOnlyKept();
  }

  @Test
  void notesOfAFileThatAKilledRunHasRemovedAreRemovedByTheNext() throws IOException {
    Path note =
        installation
            .warehouse()
            .resolve("_fathom/confirmed/pages_daily/site_id=BERLIN/month=2025-10.json");
    Files.createDirectories(note.getParent());
    Files.writeString(note, "{}");
    Files.delete(
        installation.warehouse().resolve("pages_daily/site_id=BERLIN/month=2025-10/data.parquet"));

    done("run", "all");

    assertThat(note).doesNotExist();
  }

  @Test
  void aRunOfAPartOfThePipelineRemovesNothing() throws IOException {
    String said = done("run", "all", "--report", "pages_daily");

    assertThat(said).doesNotContain("removed");
    assertThat(months()).contains("month=2025-10");
    assertThat(one("SELECT min(date)::text FROM fathom.pages_daily")).isEqualTo("2025-10-20");
  }

  /** A run fills gaps as far back as the widest range: it must not remove what it would fetch. */
  @Test
  void whatARunReachesIsKept() throws IOException {
    installation.settings(1000, 1000, "  max_range_days: 45\n");

    assertThat(done("run", "all")).doesNotContain("removed");

    assertThat(months()).contains("month=2025-10");
  }

  private static final String ADDITIVITY =
      "SELECT concat_ws(' ', report, site_id, measure, direction, periods, agreed,"
          + " largest_difference::BIGINT) FROM fathom_bi.additivity ORDER BY 1";

  /** What was measured of removed periods is no evidence: the files do not know it either. */
  @Test
  void bothSinksMeasureWhatIsKept() throws IOException, SQLException {
    assertThat(database.query(ADDITIVITY))
        .contains(List.of("pages_daily BERLIN pageviews over_groups 51 51 0"));

    done("run", "all");

    assertThat(database.query(ADDITIVITY))
        .contains(List.of("pages_daily BERLIN pageviews over_groups 39 39 0"));
    assertTheFilesSayTheSame();

    // A report that no longer asks for a measure, or asks for another one, is compared no more.
    installation.write(
        "pipelines/all.yaml",
        "sites: all\nlookback_days: 3\nkeep: 1 month\nsinks: [postgres, parquet]\nreports:\n"
            + TRAFFIC.yaml()
            + Question.pageviews("pages_daily", "day", "pathname")
                .where("pathname", "is", "/a")
                .yaml());
    done("run", "all");
    assertThat(database.query(ADDITIVITY)).isEmpty();
    assertTheFilesSayTheSame();
  }

  private void assertTheFilesSayTheSame() throws IOException, SQLException {
    done("describe", "--format", "duckdb", "--out", "views.sql");
    List<List<Object>> inFiles = new ArrayList<>();
    try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duck.createStatement()) {
      statement.execute(Files.readString(directory.resolve("views.sql")));
      try (ResultSet rows = statement.executeQuery(ADDITIVITY)) {
        while (rows.next()) {
          inFiles.add(List.of(rows.getString(1)));
        }
      }
    }
    assertThat(inFiles).isEqualTo(database.query(ADDITIVITY));
  }
}
