package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.SecretRef;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.Conversion;
import fathomexport.simulator.world.World;
import fathomexport.sink.postgres.PostgresSink;
import fathomexport.sink.postgres.db.PostgresSettings;
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
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reports whose definition or name changes after something of them is stored, in both sinks. */
class ChangedReportTest {
  private static final Instant NOW = Instant.parse("2025-10-28T14:00:00Z");
  private static final Question TRAFFIC =
      Question.pageviews("traffic_daily", "day").measuring("visits", "pageviews", "uniques");
  private static final Question PAGES = Question.pageviews("pages_daily", "day", "pathname");

  @TempDir Path directory;

  private World world;
  private TestDatabase database;
  private FathomSimulator api;
  private Installation installation;

  @BeforeEach
  void exportOnce() throws IOException {
    world = World.empty().addSite("SITE", ZoneOffset.UTC).addEvent("SITE", "buy");
    for (LocalDate day = LocalDate.of(2025, 10, 20);
        day.isBefore(LocalDate.of(2025, 11, 2));
        day = day.plusDays(1)) {
      world.add("SITE", world.viewAt("SITE", day.atTime(8, 0)).path("/a"));
      world.add("SITE", world.viewAt("SITE", day.atTime(9, 0)).path("/b"));
      world.add(
          "SITE",
          Conversion.of("buy", day.atTime(9, 0).toInstant(ZoneOffset.UTC))
              .worth(day.getDayOfMonth() == 21 ? null : 300L));
    }
    database = TestDatabase.migrated();
    api = FathomSimulator.start(world, Behaviour.unlimited().withValueNullWithoutCents(true));
    installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW);
    reports(TRAFFIC.yaml(), PAGES.yaml());
    assertRun(installation.run("run", "all"));
  }

  @AfterEach
  void close() {
    api.close();
    database.close();
  }

  private void reports(String... yaml) {
    installation.write(
        "pipelines/all.yaml",
        "sites: all\nlookback_days: 3\nsinks: [postgres, parquet]\nreports:\n"
            + Arrays.stream(yaml).collect(Collectors.joining()));
  }

  private static String renamed(Question report, String to) {
    return report
        .yaml()
        .replace(
            "name: " + report.name() + "\n",
            "name: " + to + "\n    renamed_from: " + report.name() + "\n");
  }

  private static void assertRun(Installation.Ended ended) {
    assertThat(ended.code()).as(ended.said()).isZero();
  }

  private Path folder(String report) {
    return installation.warehouse().resolve(report);
  }

  private List<?> count(String table) {
    return database.query("SELECT count(*) FROM " + table).get(0);
  }

  @Test
  void whatDoesNotFitIsRefusedForAllSinksAndTheOthersRun() throws IOException {
    reports(
        TRAFFIC.measuring("visits", "pageviews").yaml(),
        Question.pageviews("pages_daily", "day", "hostname", "pathname").yaml(),
        Question.pageviews("referrers_daily", "day", "referrer_source").yaml());
    int asked = api.log().aggregations().size();
    String rename = "ALTER TABLE fathom.\"pages_daily\" RENAME TO \"pages_daily_old\";";
    String drop = "ALTER TABLE fathom.\"traffic_daily\" DROP COLUMN \"uniques\";";

    for (String command : List.of("validate", "plan", "migrate")) {
      Installation.Ended ended =
          command.equals("validate") ? installation.run(command) : installation.run(command, "all");
      assertThat(ended.code()).as(ended.said()).isEqualTo(78);
      assertThat(ended.said())
          .contains(rename, drop)
          .contains("mv '" + folder("pages_daily") + "'")
          .contains("mv '" + folder("traffic_daily") + "'")
          .contains("; then migrate and backfill. Rows in parquet are moved away by: mv ")
          .contains("No backfill fetches retired sites and events again")
          .doesNotContain("report referrers_daily", "DROP TABLE", ";.", ";,");
    }
    assertThat(api.log().aggregations()).hasSize(asked);

    Installation.Ended ran = installation.run("run", "all");

    assertThat(ran.code()).as(ran.said()).isEqualTo(78);
    assertThat(ran.said()).contains(rename, drop);
    assertThat(count("fathom.referrers_daily")).as(ran.said()).isEqualTo(List.of(4L));
    assertThat(folder("referrers_daily")).isDirectory();
    assertThat(count("fathom.pages_daily")).isEqualTo(List.of(8L));

    // As the messages say: what reads the column goes first.
    Matcher readers =
        Pattern.compile("DROP VIEW [^;]*;(?= " + Pattern.quote(drop) + ")").matcher(ran.said());
    assertThat(readers.find()).as(ran.said()).isTrue();
    database.execute(rename, readers.group(), drop);
    for (String report : List.of("pages_daily", "traffic_daily")) {
      Files.move(folder(report), folder("_" + report + "_old"));
    }
    assertThat(installation.run("validate").code()).isZero();
    assertRun(installation.run("run", "all"));
    assertThat(count("fathom.pages_daily")).isEqualTo(List.of(8L));
    assertThat(folder("pages_daily")).isDirectory();
    assertRun(installation.run("verify", "all", "--from", "2025-10-24", "--to", "2025-10-27"));
  }

  private static final Question RATED =
      Question.pageviews("traffic_daily", "day")
          .measuring("visits", "pageviews", "uniques", "bounce_rate");

  private List<String> stored(String sql) {
    return database.query(sql).stream().map(Object::toString).toList();
  }

  private static final String STATES =
      "SELECT state, count(*), count(bounces) FROM fathom_bi.site_day WHERE state <> 'missing' GROUP BY 1 ORDER BY 1";

  /** The column was dropped with its values, so days from before cannot be complete. */
  @Test
  void anAggregateThatIsDroppedAndPutBackLeavesItsDaysStale() {
    onlyPostgres(RATED.yaml());
    assertRun(installation.run("backfill", "all", "--from", "2025-10-20", "--to", "2025-10-27"));
    assertThat(stored(STATES)).containsExactly("[complete, 8, 8]");

    onlyPostgres(TRAFFIC.yaml());
    dropAsAdvised("traffic_daily");
    assertRun(installation.run("migrate", "all"));
    onlyPostgres(RATED.yaml());
    assertRun(installation.run("migrate", "all"));

    assertThat(stored(STATES)).containsExactly("[stale, 8, 0]");
    assertThat(
            stored(
                "SELECT visits, bounces, bounce_rate FROM fathom_bi.site_month WHERE state <> 'missing'"))
        .containsExactly("[16, null, null]");
    assertRun(installation.run("run", "all"));
    assertThat(stored(STATES)).containsExactly("[complete, 4, 4]", "[stale, 4, 0]");
    assertThat(
            stored(
                "SELECT visits, bounces, bounce_rate FROM fathom_bi.site_month WHERE state <> 'missing'"))
        .as("no sum over days of which some are unknown")
        .containsExactly("[16, null, null]");
    assertThat(installation.run("status", "all").out())
        .contains("4 stale, the report's definition changed");

    assertRun(installation.run("backfill", "all", "--from", "2025-10-20", "--to", "2025-10-27"));
    assertThat(stored(STATES)).containsExactly("[complete, 8, 8]");
    assertThat(stored("SELECT DISTINCT reason FROM fathom_ops.restatement"))
        .containsExactly("[definition]");
  }

  /** Who drops the column, and thinks better of it before the next migration. */
  @Test
  void aColumnThatIsDroppedUnderAnUnchangedDefinitionIsMadeAgain() {
    onlyPostgres(TRAFFIC.yaml());
    dropAsAdvised("traffic_daily", TRAFFIC.measuring("visits", "pageviews").yaml());
    onlyPostgres(TRAFFIC.yaml());

    assertRun(installation.run("migrate", "all"));

    assertThat(
            stored(
                "SELECT DISTINCT state, uniques FROM fathom_bi.site_day WHERE state <> 'missing'"))
        .containsExactly("[stale, null]");
    assertRun(installation.run("backfill", "all", "--from", "2025-10-20", "--to", "2025-10-27"));
    assertThat(
            stored(
                "SELECT DISTINCT state, uniques FROM fathom_bi.site_day WHERE state <> 'missing'"))
        .containsExactly("[complete, 2]");
  }

  /** An earlier definition comes back without a column being added then. */
  @Test
  void aFilterThatIsRestoredDoesNotBringBackDroppedValues() {
    Question filtered =
        Question.pageviews("pages_daily", "day", "pathname").where("pathname", "is not", "/b");
    onlyPostgres(PAGES.yaml());
    onlyPostgres(filtered.yaml());
    assertRun(installation.run("migrate", "all"));
    onlyPostgres(filtered.measuring("visits", "pageviews").yaml());
    dropAsAdvised("pages_daily");
    assertRun(installation.run("migrate", "all"));
    onlyPostgres(filtered.yaml());
    assertRun(installation.run("migrate", "all"));
    onlyPostgres(PAGES.yaml());
    assertRun(installation.run("migrate", "all"));

    assertThat(stored("SELECT DISTINCT state, uniques FROM fathom_bi.pages_daily"))
        .containsExactly("[stale, null]");
  }

  /** To search the whole ledger for them takes long, and the next run does it. */
  @Test
  void aRunThatIsAskedToStopNamesNoStaleDays() {
    assertRun(installation.run("backfill", "all", "--from", "2025-10-20", "--to", "2025-10-27"));
    onlyPostgres(TRAFFIC.where("pathname", "is not", "/b").yaml());
    Installation.Ended stopped = installation.runUntil(api, r -> r.aggregation() > 0, "run", "all");

    assertThat(stopped.code()).as(stopped.said()).isEqualTo(143);
    assertThat(stopped.said()).doesNotContain(" stale, ");
    Installation.Ended next = installation.run("run", "all");
    assertRun(next);
    assertThat(next.said()).contains(" stale, the report's definition changed");
  }

  /** Days without the measure may become current again when it is removed again. */
  @Test
  void anAggregateThatIsAddedAndTakenBackCostsNothing() {
    onlyPostgres(RATED.yaml());
    assertRun(installation.run("migrate", "all"));
    onlyPostgres(TRAFFIC.yaml());
    dropAsAdvised("traffic_daily");
    assertRun(installation.run("migrate", "all"));

    assertThat(stored("SELECT DISTINCT state FROM fathom_bi.site_day WHERE state <> 'missing'"))
        .containsExactly("[complete]");
  }

  /**
   * The API reports null of conversions without a value, so the ledger says whether it is known.
   */
  @Test
  void valuesOfAMonthAreNotSummedUpOverDaysWithoutThem() {
    Question goals = Question.events("goals_daily", "day", "referrer_source");
    onlyPostgres(goals.yaml());
    String all = "[2025-10-01, 21.00, 2100]";
    String sums =
        "SELECT month::text, value, value_cents FROM fathom_bi.goals_daily_month ORDER BY 1";
    assertRun(installation.run("backfill", "all", "--from", "2025-10-20", "--to", "2025-10-27"));
    assertThat(stored(sums)).containsExactly(all);
    onlyPostgres(goals.measuring("conversions").yaml());
    dropAsAdvised("goals_daily");
    assertRun(installation.run("migrate", "all"));
    onlyPostgres(goals.yaml());
    assertRun(installation.run("run", "all"));

    assertThat(stored(sums)).containsExactly("[2025-10-01, null, null]");
    assertThat(
            stored(
                "SELECT state, count(value) FROM fathom_bi.goals_daily_channel GROUP BY 1 ORDER BY"
                    + " 1"))
        .containsExactly("[complete, 4]", "[stale, 0]");
    assertRun(installation.run("backfill", "all", "--from", "2025-10-20", "--to", "2025-10-27"));
    assertThat(stored(sums)).containsExactly(all);
  }

  private static final String BOUNCES =
      "SELECT count(*) > count(bounces), sum(bounces)::bigint FROM fathom_bi.";

  /**
   * A page that no visit began with has no bounces, whatever is known of the others: its 0 would be
   * the sum of all pages.
   */
  @Test
  void bouncesOfPagesAreUnknownTogether() {
    for (int day = 20; day < 28; day++) {
      world.add(
          "SITE",
          world.viewAt("SITE", LocalDate.of(2025, 10, day).atTime(9, 30)).path("/c").continuing());
    }
    onlyPostgres(PAGES.yaml());
    String[] everything = {"backfill", "all", "--from", "2025-10-20", "--to", "2025-10-27"};
    assertRun(installation.run(everything));
    assertRun(
        installation.run(
            "backfill", "all", "--from", "2025-10-24", "--to", "2025-10-27", "--force"));
    String rows = BOUNCES + "pages_daily";
    String month = BOUNCES + "pages_daily_month";
    String known = stored(rows).get(0);
    assertThat(known).startsWith("[false, ");
    assertThat(stored(month)).containsExactly(known);

    dropAsAdvised("pages_daily", PAGES.measuring("visits", "uniques", "pageviews").yaml());
    assertRun(installation.run("migrate", "all"));
    onlyPostgres(PAGES.yaml());
    assertRun(installation.run("migrate", "all"));
    assertThat(stored(rows)).containsExactly("[true, null]");
    assertThat(stored(month)).containsExactly("[true, null]");
    assertThat(stored("SELECT sum(visits)::bigint FROM fathom_bi.pages_daily_month"))
        .as("what was not dropped")
        .containsExactly("[16]");

    assertRun(installation.run("run", "all"));
    assertThat(
            stored(
                "SELECT state, count(*) > count(bounces), count(bounces) > 0 FROM"
                    + " fathom_bi.pages_daily GROUP BY 1 ORDER BY 1"))
        .containsExactly("[complete, false, true]", "[stale, true, false]");
    assertThat(stored(month)).as("not the bounces of some days").containsExactly("[true, null]");

    assertRun(installation.run(everything));
    assertThat(stored(rows)).containsExactly(known);
    assertThat(stored(month)).containsExactly(known);
  }

  /** Who sums up the bounces of a report without them must not get 0. */
  @Test
  void bouncesThatAreNotAskedForAreUnknownOnEmptyDays() {
    String known = "SELECT count(*) > 0, count(bounces) FROM fathom_bi.";
    onlyPostgres(
        Question.pageviews("traffic_daily", "day").measuring("visits", "pageviews").yaml()
            + Question.pageviews("traffic_hourly", "hour").measuring("visits", "pageviews").yaml());
    dropAsAdvised("traffic_daily");
    assertRun(installation.run("backfill", "all", "--from", "2025-10-15", "--to", "2025-10-27"));

    for (String view : List.of("site_day", "site_hour", "site_month", "site_year")) {
      assertThat(stored(known + view)).as(view).containsExactly("[true, 0]");
    }
  }

  /**
   * An hour without visits has none, whatever is known of the others: its 0 would be the sum of the
   * whole day.
   */
  @Test
  void hoursOfADayAreUnknownTogether() {
    Question hours = Question.pageviews("traffic_hourly", "hour");
    Question rated = hours.measuring("visits", "pageviews", "bounce_rate");
    String known =
        "SELECT state, count(visits), count(pageviews), count(bounces) FROM fathom_bi.site_hour"
            + " WHERE hour >= '2025-10-21' AND hour < '2025-10-25' GROUP BY 1 ORDER BY 1";
    String[] everything = {"backfill", "all", "--from", "2025-10-20", "--to", "2025-10-27"};
    onlyPostgres(rated.yaml());
    assertRun(installation.run(everything));
    assertThat(stored(known)).containsExactly("[complete, 96, 96, 96]");

    dropAsAdvised("traffic_hourly", hours.measuring("pageviews").yaml());
    assertRun(installation.run("migrate", "all"));
    onlyPostgres(rated.yaml());
    assertRun(installation.run("migrate", "all"));

    assertThat(stored(known)).containsExactly("[stale, 0, 96, 0]");
    assertRun(installation.run("backfill", "all", "--from", "2025-10-24", "--to", "2025-10-24"));
    assertThat(stored(known)).containsExactly("[complete, 24, 24, 24]", "[stale, 0, 72, 0]");
    assertRun(installation.run(everything));
    assertThat(stored(known)).containsExactly("[complete, 96, 96, 96]");
  }

  /** A page that has come since would be the sum of all pages. */
  @Test
  void visitsOfPagesAreNotSummedUpOverDaysWithoutThem() throws IOException {
    reports(PAGES.measuring("pageviews").yaml());
    assertThat(installation.run("migrate", "all").code()).isEqualTo(78);
    database.execute("ALTER TABLE fathom.pages_daily RENAME TO pages_daily_old");
    Files.move(folder("pages_daily"), folder("_pages_daily_old"));
    assertRun(installation.run("backfill", "all", "--from", "2025-10-20", "--to", "2025-10-27"));
    reports(PAGES.measuring("pageviews", "visits").yaml());
    world.add("SITE", world.viewAt("SITE", LocalDate.of(2025, 10, 27).atTime(9, 30)).path("/new"));
    assertRun(installation.run("run", "all"));

    String sums =
        "SELECT sum(visits)::bigint AS visits, sum(pageviews)::bigint AS pageviews FROM"
            + " fathom_bi.pages_daily_month";
    assertThat(stored(sums)).containsExactly("[null, 17]");
    Installation.Ended described =
        installation.run("describe", "--format", "duckdb", "--out", "views.sql");
    assertRun(described);
    try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duck.createStatement()) {
      statement.execute(Files.readString(installation.directory().resolve("views.sql")));
      try (ResultSet row = statement.executeQuery(sums)) {
        assertThat(row.next()).isTrue();
        assertThat(row.getObject("visits")).isNull();
        assertThat(row.getLong("pageviews")).isEqualTo(17);
      }
    } catch (SQLException e) {
      throw new IOException(e);
    }
  }

  @Test
  void aMeasureThatIsNewIsNotSummedUpOverDaysWithoutIt() {
    Question goals = Question.events("goals_daily", "day", "referrer_source");
    String sums = "SELECT value FROM fathom_bi.goals_daily_month";
    onlyPostgres(goals.measuring("conversions").yaml());
    assertRun(installation.run("backfill", "all", "--from", "2025-10-20", "--to", "2025-10-27"));
    onlyPostgres(goals.yaml());
    assertRun(installation.run("run", "all"));
    assertThat(stored(sums)).containsExactly("[null]");

    assertRun(installation.run("backfill", "all", "--from", "2025-10-20", "--to", "2025-10-27"));
    assertThat(stored(sums)).containsExactly("[21.00]");
  }

  /** {@code migrate} makes its own views again, not those that users have built on them. */
  @Test
  void viewsOfUsersAreSavedByTheirOwnersBeforeColumnsAreDropped() {
    database.executeAsSuperuser(
        "CREATE ROLE weaver",
        "CREATE SCHEMA mine AUTHORIZATION weaver",
        "GRANT USAGE ON SCHEMA fathom_bi TO weaver",
        "GRANT SELECT ON fathom_bi.pages_daily_month TO weaver",
        "SET ROLE weaver",
        "CREATE VIEW mine.b AS SELECT month, visits FROM fathom_bi.pages_daily_month",
        "CREATE MATERIALIZED VIEW mine.stored AS SELECT * FROM mine.b",
        "RESET ROLE");
    onlyPostgres(PAGES.measuring("visits", "pageviews").yaml());

    Installation.Ended refused = installation.run("migrate", "all");

    assertThat(refused.code()).as(refused.said()).isEqualTo(78);
    String generated =
        "DROP VIEW IF EXISTS fathom_bi.pages_daily, fathom_bi.pages_daily_month; ALTER TABLE";
    assertThat(refused.said())
        .contains(
            "are not fathom-export's, so migrate does not make them again: mine.b, mine.stored.",
            "pg_get_viewdef('mine.b')",
            "as weaver: DROP MATERIALIZED VIEW mine.stored; DROP VIEW mine.b; ",
            generated);
    database.executeAsSuperuser(
        "SET ROLE weaver",
        "DROP MATERIALIZED VIEW mine.stored",
        "DROP VIEW mine.b",
        "RESET ROLE",
        "DROP OWNED BY weaver CASCADE",
        "DROP ROLE weaver");
    dropAsAdvised("pages_daily");
    assertRun(installation.run("migrate", "all"));
  }

  private void onlyPostgres(String yaml) {
    installation.write(
        "pipelines/all.yaml", "sites: all\nlookback_days: 3\nsinks: [postgres]\nreports:\n" + yaml);
  }

  /** Runs the statements that the refused migration prints. */
  private void dropAsAdvised(String report, String... yaml) {
    if (yaml.length > 0) {
      onlyPostgres(yaml[0]);
    }
    Installation.Ended refused = installation.run("migrate", "all");
    assertThat(refused.code()).as(refused.said()).isEqualTo(78);
    Matcher statements =
        Pattern.compile("(DROP VIEW [^;]*;) (ALTER TABLE fathom.\"" + report + "\" DROP[^;]*;)")
            .matcher(refused.said());
    assertThat(statements.find()).as(refused.said()).isTrue();
    database.execute(statements.group(1), statements.group(2));
  }

  @Test
  void aRenamedReportKeepsItsHistory() {
    reports(renamed(TRAFFIC, "traffic"), renamed(PAGES, "pages"));
    int asked = api.log().aggregations().size();

    assertRun(installation.run("migrate", "all"));

    assertThat(
            database.query(
                "SELECT to_regclass('fathom.pages_daily') IS NULL,"
                    + " (SELECT count(*) FROM fathom.pages)"))
        .containsExactly(List.of(true, 8L));
    assertThat(database.query("SELECT DISTINCT report FROM fathom_ops.ledger ORDER BY 1"))
        .containsExactly(List.of("pages"), List.of("traffic"));
    assertThat(folder("pages_daily")).doesNotExist();
    assertThat(folder("pages")).isDirectory();

    assertRun(installation.run("backfill", "all", "--from", "2025-10-24", "--to", "2025-10-27"));
    assertThat(api.log().aggregations()).as("nothing is fetched again").hasSize(asked);
    assertThat(installation.run("status", "all").out()).contains("1 of 1 sites are complete");
    assertThat(installation.run("explain", "pages", "SITE", "2025-10-27").out())
        .contains("in postgres")
        .contains("in parquet")
        .contains("certified");
    assertRun(installation.run("verify", "all", "--from", "2025-10-24", "--to", "2025-10-27"));

    // The key may stay; the next night confirms, and replaces files that bear the earlier name.
    installation.at(NOW.plus(Duration.ofDays(1)));
    assertRun(installation.run("run", "all"));
    assertThat(count("fathom.pages")).isEqualTo(List.of(10L));
    assertRun(installation.run("verify", "all", "--from", "2025-10-24", "--to", "2025-10-28"));
    assertThat(installation.run("validate").code()).isZero();
  }

  /** Neither a command before the next run nor one after it takes what is gone for stored. */
  @Test
  void aReportThatWasMovedAwayAltogetherIsNamed() throws IOException {
    Question goals = Question.events("goals_daily", "day", "referrer_source");
    reports(TRAFFIC.yaml(), PAGES.yaml(), goals.yaml());
    assertRun(installation.run("run", "all"));
    assertThat(installation.run("status", "all", "--check").out())
        .doesNotContain("nothing of it is stored");
    for (String report : List.of("pages_daily", "goals_daily")) {
      database.execute("ALTER TABLE fathom." + report + " RENAME TO " + report + "_old");
      Files.move(folder(report), folder("_" + report + "_old"));
    }

    for (boolean migrated : new boolean[] {false, true}) {
      if (migrated) {
        assertRun(installation.run("migrate", "all"));
      }
      Installation.Ended status = installation.run("status", "all", "--check");
      assertThat(status.code()).as(status.said()).isEqualTo(65);
      for (String report : List.of("pages_daily", "goals_daily")) {
        assertThat(status.out())
            .contains(
                "! report "
                    + report
                    + ": nothing of it is stored in postgres or parquet. The next run fetches"
                    + " yesterday and the look-back; fetch the days before with: fathom-export"
                    + " backfill all --report "
                    + report
                    + " --from 2025-10-24 --to 2025-10-27");
      }
      Installation.Ended plan = installation.run("plan", "all");
      assertRun(plan);
      assertThat(plan.out()).contains("pages_daily", "goals_daily").doesNotContain("Nothing to do");
    }
    assertRun(installation.run("run", "all"));
    assertThat(installation.run("status", "all", "--check").code()).isZero();
  }

  /** Only a run renames; until then commands read what is stored under the earlier name. */
  @Test
  void planAndStatusKnowWhatTheNextRunRenames() throws IOException {
    reports(renamed(TRAFFIC, "traffic"), renamed(PAGES, "pages"));

    // The look-back was confirmed today, and no other day is over.
    Installation.Ended status = installation.run("status", "all", "--check");
    assertRun(status);
    assertThat(status.out())
        .contains("1 of 1 sites are complete")
        .contains(
            "report pages is stored under its earlier name, pages_daily; the next run renames it")
        .doesNotContain("nothing stored");
    Installation.Ended plan =
        installation.run("plan", "all", "--from", "2025-10-24", "--to", "2025-10-27");
    assertRun(plan);
    assertThat(plan.out()).contains("Nothing to fetch", "the next run renames it");
    assertThat(installation.run("explain", "pages", "SITE", "2025-10-25").out())
        .contains("2025-10-25", "parquet", "postgres")
        .doesNotContain("never measured");
    assertRun(installation.run("verify", "all", "--from", "2025-10-24", "--to", "2025-10-27"));
    database.execute("UPDATE fathom.pages_daily SET pageviews = 9 WHERE date = '2025-10-25'");
    Files.writeString(
        folder("pages_daily").resolve("site_id=SITE/month=2025-10/data.parquet"), "damaged");
    Installation.Ended found =
        installation.run("verify", "all", "--from", "2025-10-24", "--to", "2025-10-27");
    assertThat(found.code()).as(found.said()).isEqualTo(65);
    assertThat(found.out())
        .contains("2025-10-25  postgres", "! damaged: ", "--report pages --from");
    Files.delete(folder("pages_daily").resolve("site_id=SITE/month=2025-10/data.parquet"));
    assertThat(folder("pages_daily")).as("nothing is renamed").isDirectory();

    assertRun(installation.run("run", "all"));
    assertThat(installation.run("status", "all").out()).doesNotContain("earlier name");
  }

  @Test
  void anInterruptedRenameIsCompleted() {
    reports(TRAFFIC.yaml(), renamed(PAGES, "pages"));
    // As if the run had been killed between the two sinks.
    try (PostgresSink postgres =
        new PostgresSink(
            new PostgresSettings(
                database.url(), database.user(), new SecretRef.Env(TestDatabase.PASSWORD_VARIABLE)),
            database.environment())) {
      postgres.rename(Map.of("pages", "pages_daily"));
    }
    assertThat(folder("pages_daily")).isDirectory();
    assertThat(installation.run("status", "all").out())
        .contains("1 of 1 sites are complete", "pages_daily; the next run renames it")
        .doesNotContain("lacks");

    assertRun(installation.run("run", "all"));

    assertThat(folder("pages_daily")).doesNotExist();
    assertThat(folder("pages")).isDirectory();
    assertRun(installation.run("verify", "all", "--from", "2025-10-24", "--to", "2025-10-27"));
  }

  @Test
  void aNameThatIsTakenIsRefused() {
    reports(TRAFFIC.yaml(), Question.pageviews("pages", "day", "pathname").yaml());
    assertRun(installation.run("run", "all"));
    reports(TRAFFIC.yaml(), renamed(PAGES, "pages"));

    for (String command : List.of("run", "plan", "migrate")) {
      Installation.Ended ended = installation.run(command, "all");
      assertThat(ended.code()).as(ended.said()).isEqualTo(78);
      assertThat(ended.said())
          .contains("renamed_from: pages_daily", "fathom.\"pages_daily\"", "fathom.\"pages\"")
          .contains("mv '" + folder("pages") + "'");
    }
    assertThat(count("fathom.pages_daily")).isEqualTo(count("fathom.pages"));
  }

  @Test
  void aReportThatNoPipelineDefinesIsNamed() {
    assertThat(installation.run("status", "all").out()).doesNotContain("no pipeline");
    reports(TRAFFIC.yaml());

    for (List<String> command : List.of(List.of("status", "all"), List.of("validate"))) {
      Installation.Ended ended = installation.run(command.toArray(String[]::new));
      assertRun(ended);
      assertThat(ended.said())
          .contains("report pages_daily is stored, but no pipeline here defines it")
          .doesNotContain("report traffic_daily is");
    }
    assertThat(installation.run("status", "all", "--json").out()).contains("\"orphans\"");

    // Another pipeline may define it.
    installation.write(
        "pipelines/pages.yaml",
        "sites: all\nsinks: [postgres, parquet]\nreports:\n" + PAGES.yaml());
    assertThat(installation.run("status", "all").out()).doesNotContain("no pipeline");
  }
}
