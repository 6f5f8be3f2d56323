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
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The three roles as the README has an administrator create them: what each may do, and not. */
class RolesTest {
  private static final Instant NOW = Instant.parse("2025-10-28T14:00:00Z");
  private static final LocalDate DAY = LocalDate.of(2025, 10, 27);
  private static final String SITE = "BERLIN";
  private static final Question TRAFFIC = Question.pageviews("traffic_daily", "day");
  private static final Question PAGES = Question.pageviews("pages_daily", "day", "pathname");

  private TestDatabase database;
  private FathomSimulator api;
  private Installation installation;

  @BeforeEach
  void install(@TempDir Path directory) throws IOException {
    World world = World.empty().addSite(SITE, ZoneId.of("Europe/Berlin"));
    for (int hour = 8; hour < 12; hour++) {
      world.add(SITE, world.viewAt(SITE, DAY.atTime(hour, 5)).path("/" + hour));
    }
    database = TestDatabase.create();
    api = FathomSimulator.start(world, Behaviour.unlimited());
    installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW);
    pipeline(TRAFFIC, PAGES);
    // The server's loader owns the database of a test; here it may have no more than is documented.
    database.executeAsSuperuser("ALTER DATABASE " + database.name() + " OWNER TO CURRENT_USER");
    for (String statement : documented()) {
      if (!statement.startsWith("CREATE ROLE fathom_loader")) {
        database.executeAsSuperuser(statement.replace("analytics", database.name()));
      }
    }
  }

  @AfterEach
  void close() {
    api.close();
    database.executeAsSuperuser(
        // One by one: PostgreSQL 14 cannot drop in one statement what one of them has granted
        // another.
        "DROP OWNED BY fathom_owner CASCADE",
        "DROP OWNED BY fathom_reader, fathom_loader, analyst CASCADE",
        "DROP ROLE fathom_owner, fathom_reader, analyst",
        "DROP ROLE IF EXISTS guest");
    database.close();
  }

  private void pipeline(Question... reports) {
    installation.pipeline("all", "all", "[postgres]", List.of(reports));
  }

  /** The statements of the README. */
  private static List<String> documented() throws IOException {
    String readme = Files.readString(Path.of("README.md"));
    String block = readme.substring(readme.indexOf("```sql\nCREATE ROLE fathom_owner") + 7);
    return Arrays.stream(block.substring(0, block.indexOf("```")).split(";\n"))
        .map(String::strip)
        .filter(s -> !s.isEmpty())
        .toList();
  }

  private Installation.Ended as(String user, String password, String... command) {
    installation.settings(
        """
        api:
          base_url: %s
          token: {env: %s}
          requests_per_minute: 1000
        postgres:
          url: %s
          user: %s
          password: {env: PASSWORD}
        """
            .formatted(api.baseUri(), Installation.TOKEN_VARIABLE, database.url(), user));
    installation.variable("PASSWORD", password);
    return installation.run(command);
  }

  private Installation.Ended asOwner(String... command) {
    return as("fathom_owner", "secret-of-the-owner", command);
  }

  private Installation.Ended asLoader(String... command) {
    return as(database.user(), database.password(), command);
  }

  private static void assertDone(Installation.Ended ended) {
    assertThat(ended.code()).as(ended.said()).isZero();
  }

  private Connection connect(String role) throws SQLException {
    return switch (role) {
      case "fathom_owner" ->
          DriverManager.getConnection(database.url(), role, "secret-of-the-owner");
      case "fathom_loader" -> database.connect();
      default -> DriverManager.getConnection(database.url(), "analyst", "secret-of-the-analyst");
    };
  }

  /** One row of the table in the documentation: what a role may not do. */
  private record Forbidden(String role, String statement) {}

  private static List<Forbidden> forbidden() throws IOException {
    List<Forbidden> rows = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of("docs/warehouse.md"))) {
      String[] cells = line.split("\\|", 0);
      if (cells.length == 3 && cells[1].strip().startsWith("`fathom_")) {
        rows.add(
            new Forbidden(
                cells[1].strip().replace("`", ""), cells[2].strip().replaceAll("^`|`$", "")));
      }
    }
    return rows;
  }

  @Test
  void eachRoleMayWhatItNeedsAndNoMore() throws Exception {
    Installation.Ended migrated = asOwner("migrate", "all");
    assertDone(migrated);
    assertThat(migrated.out()).as("nothing is left to do").doesNotContain("CREATE ROLE", "GRANT");

    Installation.Ended loaded = asLoader("run", "all");
    assertDone(loaded);
    assertThat(loaded.said()).doesNotContain("add up could not be measured", "stays as it is");
    assertDone(asLoader("snapshot", "all"));

    try (Connection reader = connect("fathom_reader");
        Statement statement = reader.createStatement()) {
      for (String relation :
          List.of(
              "fathom.pages_daily",
              "fathom.site",
              "fathom.channel_rule",
              "fathom_ops.coverage",
              "fathom_bi.site_day",
              "fathom_bi.site_month",
              "fathom_bi.pages_daily",
              "fathom_bi.pages_daily_month",
              "fathom_bi.additivity")) {
        assertThat(statement.executeQuery("SELECT count(*) FROM " + relation).next()).isTrue();
      }
      try (ResultSet sum =
          statement.executeQuery("SELECT sum(pageviews) FROM fathom_bi.site_day")) {
        sum.next();
        assertThat(sum.getLong(1)).isEqualTo(4);
      }
    }

    List<Forbidden> forbidden = forbidden();
    assertThat(forbidden).extracting(Forbidden::role).contains("fathom_owner", "fathom_loader");
    assertThat(forbidden).hasSizeGreaterThan(10);
    List<String> refusals = new ArrayList<>();
    for (Forbidden f : forbidden) {
      try (Connection connection = connect(f.role());
          Statement statement = connection.createStatement()) {
        statement.execute(f.statement());
        refusals.add(f + " is allowed");
      } catch (SQLException e) {
        if (!"42501".equals(e.getSQLState())) {
          refusals.add(f + ": " + e.getSQLState() + " " + e.getMessage());
        }
      }
    }
    assertThat(refusals).isEmpty();
  }

  /** As in the demo: what a role owns, it may read, and the table of what it may not ends there. */
  @Test
  void aLoaderThatAlsoMigratesReadsTheViewsThatItOwns() throws SQLException {
    database.executeAsSuperuser(
        "GRANT CREATE ON DATABASE " + database.name() + " TO fathom_loader");
    assertDone(asLoader("migrate", "all"));
    assertDone(asLoader("run", "all"));
    try (Connection loader = connect("fathom_loader");
        Statement statement = loader.createStatement()) {
      assertThat(count(statement, "fathom_bi.site_day")).isPositive();
    }
    try (Connection reader = connect("fathom_reader");
        Statement statement = reader.createStatement()) {
      assertThat(count(statement, "fathom_bi.site_day")).isPositive();
    }
  }

  private static final String NEVER_ANALYZED =
      "SELECT relname::text FROM pg_class WHERE relnamespace IN ('fathom'::regnamespace,"
          + " 'fathom_ops'::regnamespace) AND relkind = 'r' AND reltuples < 0 ORDER BY 1";

  /** The planner takes an unknown table for a large one, and ANALYZE is a right of the owner. */
  @Test
  void theFirstRunOfALoaderLeavesStatistics() throws SQLException {
    assertDone(asOwner("migrate", "all"));
    try (Connection reader = connect("fathom_reader");
        Statement statement = reader.createStatement()) {
      statement.execute("SELECT fathom_ops.analyze_table('fathom.pages_daily')");
    }
    assertThat(database.query(NEVER_ANALYZED))
        .as("it is not for readers")
        .contains(List.of("pages_daily"), List.of("listing"));

    try (Connection other = database.connect();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("LOCK TABLE fathom_ops.listing IN SHARE UPDATE EXCLUSIVE MODE");
      Installation.Ended run = asLoader("run", "all");
      assertDone(run);
      assertThat(database.query(NEVER_ANALYZED))
          .as("what is in use is left to the server")
          .containsExactly(List.of("listing"));
      other.rollback();
    }
    assertDone(asLoader("run", "all"));
    assertThat(database.query(NEVER_ANALYZED)).isEmpty();
  }

  /** An analyst may show others a part of the views, as of any table. */
  @Test
  void aViewOfAnAnalystNeedsNoOtherRights() throws SQLException {
    assertDone(asOwner("migrate", "all"));
    assertDone(asLoader("run", "all"));
    database.executeAsSuperuser(
        "CREATE ROLE guest",
        "GRANT guest TO analyst",
        "CREATE SCHEMA marketing AUTHORIZATION analyst");
    try (Connection connection = connect("fathom_reader");
        Statement statement = connection.createStatement()) {
      statement.execute(
          "CREATE VIEW marketing.days AS SELECT date, state, pageviews FROM fathom_bi.site_day");
      statement.execute("GRANT USAGE ON SCHEMA marketing TO guest");
      statement.execute("GRANT SELECT ON marketing.days TO guest");
      statement.execute("SET ROLE guest");
      statement.execute("SET fathom.as_of = '2025-10-30 14:00+00'");
      try (ResultSet days =
          statement.executeQuery(
              "SELECT string_agg(state, ', ' ORDER BY date) FROM marketing.days WHERE date >="
                  + " '2025-10-27'")) {
        days.next();
        assertThat(days.getString(1)).isEqualTo("complete, missing, missing");
      }
    }
  }

  @Test
  void aLoaderThatMeetsANewReportNamesTheWayOut() {
    assertDone(asOwner("migrate", "all"));
    pipeline(TRAFFIC, PAGES, Question.pageviews("browsers_daily", "day", "browser"));

    Installation.Ended refused = asLoader("run", "all");
    assertThat(refused.code()).as(refused.said()).isEqualTo(78);
    assertThat(refused.said())
        .contains("permission denied")
        .contains("fathom-export migrate")
        .contains("fathom_owner");

    assertDone(asOwner("migrate", "all"));
    assertDone(asLoader("run", "all"));
  }

  /** The table of a report that is renamed must change, too. */
  @Test
  void aLoaderThatMeetsARenamedReportNamesTheWayOut() throws IOException {
    assertDone(asOwner("migrate", "all"));
    assertDone(asLoader("run", "all"));
    pipeline(TRAFFIC, Question.pageviews("paths_daily", "day", "pathname"));
    Path all = installation.directory().resolve("pipelines/all.yaml");
    Files.writeString(
        all,
        Files.readString(all)
            .replace("name: paths_daily", "name: paths_daily\n    renamed_from: pages_daily"));

    Installation.Ended refused = asLoader("run", "all");
    assertThat(refused.code()).as(refused.said()).isEqualTo(78);
    assertThat(refused.said()).contains("fathom-export migrate", "fathom_owner");
    assertThat(faults(asLoader("check", "all")))
        .startsWith("FAILED   tables")
        .contains("paths_daily", "fathom-export migrate");

    assertDone(asOwner("migrate", "all"));
    assertDone(asLoader("run", "all"));
  }

  @Test
  void aCheckSaysWhatTheOwnerMustMigrate() {
    for (String command : List.of("check", "run")) {
      String said = asLoader(command, "all").said();
      assertThat(said)
          .as("the owner migrates; that the loader may is the other way")
          .containsSubsequence(
              "Run `fathom-export migrate` with the pipeline as fathom_owner",
              "Or, if this role is to own the tables",
              "GRANT CREATE ON DATABASE " + database.name() + " TO fathom_loader;");
      assertThat(said.indexOf("GRANT ")).isGreaterThan(said.indexOf("Run `"));
    }

    assertDone(asOwner("migrate", "all"));
    assertThat(faults(asLoader("check", "all"))).isEmpty();

    database.executeAsSuperuser(
        "CREATE TABLE history AS SELECT * FROM fathom_ops.schema_history",
        "DELETE FROM fathom_ops.schema_history WHERE version = '025'");
    assertThat(faults(asLoader("check", "all")))
        .startsWith("FAILED   tables")
        .contains("this role may not", "fathom-export migrate");
    database.executeAsSuperuser(
        "DELETE FROM fathom_ops.schema_history",
        "INSERT INTO fathom_ops.schema_history SELECT * FROM history",
        "DROP TABLE history");
    assertThat(faults(asLoader("check", "all"))).isEmpty();

    pipeline(TRAFFIC.measuring("visits"), PAGES.measuring("visits"));
    for (String command : List.of("check", "run", "migrate")) {
      assertThat(asLoader(command, "all").said())
          .contains("traffic_daily no longer has", ". Also: report pages_daily no longer has")
          .as("statements that can be copied at once")
          .containsPattern(
              "The statements: DROP VIEW IF EXISTS [^;]*; ALTER TABLE [^;]*; DROP VIEW IF EXISTS"
                  + " [^;]*; ALTER TABLE [^;]*;")
          .doesNotContain("\\u000a");
    }
  }

  private static final String RANGE = " --from 2025-10-25 --to 2025-10-27";

  private void assertNotThere(String... commands) {
    for (String command : commands) {
      Installation.Ended ended = asLoader(command.split(" ", -1));
      assertThat(ended.code()).as(command + ": " + ended.said()).isEqualTo(78);
      assertThat(ended.said()).as(command).contains("fathom-export migrate");
    }
  }

  /** Whatever command meets tables that the owner has yet to make, it says so and ends alike. */
  @Test
  void tablesThatAreNotThereYetEndEveryCommandAlike() {
    assertNotThere("check all", "run all", "backfill all" + RANGE, "snapshot all", "migrate all");

    assertDone(asOwner("migrate", "all"));
    assertDone(asLoader("run", "all"));
    pipeline(TRAFFIC, PAGES, Question.pageviews("browsers_daily", "day", "browser"));
    // What only looks, tells of it like of any new report.
    assertDone(asLoader("plan", "all"));
    assertDone(asLoader("status", "all"));
    assertNotThere(
        "check all", "run all", "backfill all" + RANGE, "verify all" + RANGE, "migrate all");

    // The program's own tables are those of an older version.
    database.executeAsSuperuser(
        "ALTER TABLE fathom_ops.ledger RENAME COLUMN covers_to TO covers_of_later",
        "DELETE FROM fathom_ops.schema_history WHERE version ="
            + " (SELECT max(version) FROM fathom_ops.schema_history)");
    assertNotThere(
        "check all",
        "run all",
        "backfill all" + RANGE,
        "plan all",
        "status all",
        "verify all" + RANGE,
        "explain traffic_daily " + SITE + " 2025-10-27",
        "migrate all");
  }

  /** What a check complains of, apart from the clock: a test has its own. */
  private static String faults(Installation.Ended checked) {
    return checked
        .out()
        .lines()
        .filter(line -> line.startsWith("FAILED") || line.startsWith("warning"))
        .filter(line -> !line.contains(" clock "))
        .collect(Collectors.joining("\n"));
  }

  /** What migrations grant to the loader, as the server has it. */
  private List<List<Object>> granted() {
    return database.query(
        """
        SELECT c.oid::regclass::text, a.privilege_type
          FROM pg_class c, aclexplode(c.relacl) a
         WHERE c.relnamespace IN ('fathom_ops'::regnamespace, 'fathom'::regnamespace)
           AND a.grantee = 'fathom_loader'::regrole
           AND c.relname <> 'channel_rule'
         ORDER BY 1, 2\
        """);
  }

  private static String statements(String text) {
    return Pattern.compile("GRANT [^;]*;")
        .matcher(text)
        .results()
        .map(MatchResult::group)
        .collect(Collectors.joining(" "));
  }

  /** An object that a later migration adds cannot be forgotten in what is checked. */
  @Test
  void aCheckNamesAllThatMigrationsGrant() {
    assertDone(asOwner("migrate", "all"));
    List<List<Object>> before = granted();
    assertThat(before).hasSizeGreaterThan(50);
    for (String schema : List.of("fathom", "fathom_ops")) {
      database.executeAsSuperuser(
          "REVOKE ALL ON ALL TABLES IN SCHEMA " + schema + " FROM fathom_loader",
          "REVOKE ALL ON ALL SEQUENCES IN SCHEMA " + schema + " FROM fathom_loader");
    }

    Installation.Ended checked = asLoader("check", "all");
    assertThat(checked.code()).isEqualTo(78);
    String faults = faults(checked);
    assertThat(faults).contains("FAILED   privileges", "warning  privileges");
    database.executeAsSuperuser(statements(faults));

    assertThat(granted()).isEqualTo(before);
    assertThat(faults(asLoader("check", "all"))).isEmpty();
    for (String command : List.of("run all", "snapshot all", "status all")) {
      Installation.Ended ended = asLoader(command.split(" ", -1));
      assertDone(ended);
      assertThat(ended.said()).doesNotContain("permission denied");
    }
  }

  @Test
  void aRunDoesWithoutWhatIsDerivedForReaders() {
    assertDone(asOwner("migrate", "all"));
    database.executeAsSuperuser(
        "REVOKE ALL ON fathom_ops.additivity, fathom_ops.month_sum, fathom_ops.month_group,"
            + " fathom_ops.stored_month, fathom_ops.adds_up, fathom_ops.stored, fathom_ops.calendar,"
            + " fathom_ops.coverage, fathom_ops.freshness, fathom_ops.stale, fathom_ops.retired,"
            + " fathom_ops.partial_period, fathom_ops.month_sum_id_seq FROM fathom_loader");
    String faults = faults(asLoader("check", "all"));
    assertThat(faults).startsWith("warning  privileges").doesNotContain("FAILED");

    Installation.Ended run = asLoader("run", "all");
    assertDone(run);
    assertThat(run.said())
        .contains("permission denied", "GRANT SELECT ON TABLE ", ", fathom_ops.stored_month TO")
        .doesNotContain("the next run");

    database.executeAsSuperuser(statements(faults));
    Installation.Ended again = asLoader("run", "all", "--force");
    assertDone(again);
    assertThat(again.said()).doesNotContain("permission denied");
    assertThat(faults(asLoader("check", "all"))).isEmpty();
  }

  @Test
  void readersAndLoadsDoNotWaitForEachOther() throws Exception {
    assertDone(asOwner("migrate", "all"));
    try (Connection reader = connect("fathom_reader");
        Statement query = reader.createStatement()) {
      reader.setAutoCommit(false);
      query.execute("SET statement_timeout = '5s'");
      assertThat(count(query, "fathom_bi.pages_daily")).isZero();

      // The reader's transaction is open and has locks on the view and on the table.
      assertDone(asLoader("run", "all"));
      assertThat(count(query, "fathom_bi.pages_daily")).isEqualTo(4);

      try (Connection loader = database.connect();
          Statement load = loader.createStatement()) {
        loader.setAutoCommit(false);
        load.execute("DELETE FROM fathom.pages_daily");
        assertThat(count(query, "fathom_bi.pages_daily")).isEqualTo(4);
        loader.rollback();
      }

      // A view that must change waits a few seconds only, then stays for the next run.
      pipeline(TRAFFIC, PAGES, Question.events("goals_daily", "day", "pathname"));
      assertThat(count(query, "fathom_bi.milestone")).isZero();
      Installation.Ended migrated = asOwner("migrate", "all");
      assertDone(migrated);
    }
  }

  /** A page is read by a reader: the loader may not see the views. */
  @Test
  void theDashboardIsMadeWithTheSettingsOfAReader() {
    assertDone(asOwner("migrate", "all"));
    assertDone(asLoader("run", "all"));
    Installation.Ended refused = asLoader("describe", "--format", "dashboard");
    assertThat(refused.code()).as(refused.said()).isEqualTo(78);
    assertThat(refused.err())
        .contains("fathom_reader", "--config")
        .as("the owner migrates")
        .containsPattern("fathom_owner, .* has to run `fathom-export migrate` with the pipeline");
    assertDone(as("analyst", "secret-of-the-analyst", "describe", "--format", "dashboard"));
  }

  /** A command that a loader cannot run with its settings is not printed with them. */
  @Test
  void whatTheOwnerMustDoIsSaidWithoutTheSettingsOfTheLoader() throws IOException {
    asOwner("migrate", "all");
    pipeline(TRAFFIC, PAGES, Question.pageviews("browsers_daily", "day", "browser"));
    asLoader("status", "all");
    Path conf = installation.directory().resolve("conf");
    Files.copy(conf.resolve("fathom-export.yaml"), conf.resolve("loader.yaml"));

    Installation.Ended refused = installation.run("--config", "conf/loader.yaml", "run", "all");
    assertThat(refused.code()).as(refused.said()).isEqualTo(78);
    assertThat(refused.said())
        .contains("fathom-export migrate", "fathom_owner")
        .doesNotContain("conf/loader.yaml migrate");

    database.executeAsSuperuser("REVOKE SELECT ON fathom_bi.calendar FROM fathom_reader");
    String[] describe = {"describe", "--format", "dashboard"};
    Installation.Ended page = as("analyst", "secret-of-the-analyst", describe);
    assertThat(page.code()).as(page.said()).isEqualTo(78);
    assertThat(page.err()).contains("permission denied", "fathom_reader");
    installation.withoutVariable("PASSWORD");
    Installation.Ended without = installation.run(describe);
    assertThat(without.code()).as(without.said()).isEqualTo(77);
    assertThat(without.err()).contains("PASSWORD");
  }

  /** Views that are not there are the owner's to make. */
  @Test
  void aPageWithoutViewsIsTheOwnersToMend() {
    Installation.Ended page = asLoader("describe", "--format", "dashboard");
    assertThat(page.code()).as(page.said()).isEqualTo(78);
    assertThat(page.err()).contains("fathom-export migrate", "fathom_owner");
  }

  /** The statements of the page on maintenance that hand a database over. */
  private static List<String> handover() throws IOException {
    String page = Files.readString(Path.of("docs/maintenance.md"));
    String block = page.substring(page.indexOf("```sql\nDO $$") + 7);
    int end = block.indexOf("END $$;") + 7;
    return List.of(block.substring(0, end), block.substring(end, block.indexOf("```")).strip());
  }

  private static final String NOT_OF_THE_OWNER =
      """
      SELECT x.name
        FROM (SELECT relname::text, relowner, relnamespace FROM pg_class
              UNION ALL SELECT proname::text, proowner, pronamespace FROM pg_proc
              UNION ALL SELECT nspname::text, nspowner, oid FROM pg_namespace) x (name, owner, namespace)
        JOIN pg_namespace n ON n.oid = x.namespace
       WHERE n.nspname IN ('fathom', 'fathom_ops', 'fathom_bi') AND x.owner <> 'fathom_owner'::regrole
       ORDER BY 1\
      """;

  /** Whoever has migrated so far: a single role, or a superuser. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aDatabaseIsHandedOverToTheThreeRoles(boolean ofSuperuser) throws Exception {
    database.executeAsSuperuser(
        "GRANT CREATE ON DATABASE " + database.name() + " TO fathom_loader");
    assertDone(asLoader("migrate", "all"));
    assertDone(asLoader("run", "all"));
    List<String> handover = handover();
    if (ofSuperuser) {
      database.executeAsSuperuser(handover.get(0).replace("fathom_owner", "CURRENT_USER"));
    }
    Installation.Ended refused = asOwner("migrate", "all");
    assertThat(refused.code()).as(refused.said()).isEqualTo(78);
    assertThat(refused.said()).contains("\"Handing a database over to three roles\"");

    for (String statement : handover) {
      database.executeAsSuperuser(statement.replace("analytics", database.name()));
    }
    assertDone(asOwner("migrate", "all"));

    assertThat(database.query(NOT_OF_THE_OWNER)).isEmpty();
    assertThat(faults(asLoader("check", "all"))).isEmpty();
    assertDone(asLoader("run", "all", "--force"));
    assertDone(as("analyst", "secret-of-the-analyst", "describe", "--format", "dashboard"));
  }

  private static long count(Statement statement, String relation) throws SQLException {
    try (ResultSet row = statement.executeQuery("SELECT count(*) FROM " + relation)) {
      row.next();
      return row.getLong(1);
    }
  }
}
