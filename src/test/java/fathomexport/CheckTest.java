package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.FlinkOverview;
import fathomexport.testing.Installation;
import fathomexport.testing.Pgbouncer;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code check} finds what a run would stumble over, all of it at once. */
class CheckTest {
  /** The time of the API, by which it dates its responses. */
  private static final Instant NOW = Instant.parse("2026-06-12T12:00:00Z");

  private static final LocalDate TODAY = LocalDate.ofInstant(NOW, ZoneId.of("UTC"));

  @TempDir Path directory;

  private World world() {
    World world = World.empty().addSite("SITEONE", ZoneId.of("UTC"));
    world.add("SITEONE", world.viewAt("SITEONE", TODAY.minusDays(1).atTime(9, 0)).path("/a"));
    return world;
  }

  private FathomSimulator api(Behaviour behaviour) throws IOException {
    return FathomSimulator.start(world(), behaviour, 0, InstantSource.fixed(NOW));
  }

  private Installation installation(TestDatabase database, FathomSimulator api) {
    return new Installation(
            directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
        .pipeline(
            "nightly",
            "all",
            "[postgres, parquet]",
            List.of(Question.pageviews("traffic_daily", "day")));
  }

  /** The line about an item. */
  private static String line(Installation.Ended ended, String item) {
    return ended
        .out()
        .lines()
        .filter(line -> line.length() > 9 && line.substring(9).startsWith(item + " "))
        .collect(Collectors.joining("\n"));
  }

  /** A port at which nobody listens. */
  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  @Test
  void aRunnerThatThisBuildLacksComesWithTheCommandThatBuildsIt() throws IOException {
    try (TestDatabase database = TestDatabase.create();
        FathomSimulator api = api(Behaviour.unlimited())) {
      Installation.Ended ended =
          installation(database, api).run("check", "nightly", "--", "--runner=FlinkRunner");
      assertThat(ended.code()).as(ended.said()).isEqualTo(78);
      assertThat(line(ended, "beam"))
          .startsWith("FAILED")
          .contains("mvn -Pflink -Dmaven.test.skip=true");
      ended = installation(database, api).run("check", "nightly", "--", "--runner=SparkRunner");
      assertThat(line(ended, "beam"))
          .startsWith("FAILED")
          .contains("mvn -Pspark -Dmaven.test.skip=true");
    }
  }

  /** What a run on several machines needs besides, also if this build lacks the runner. */
  @Test
  void aClusterIsLookedAtToo() throws IOException {
    try (TestDatabase database = TestDatabase.create();
        FathomSimulator api = api(Behaviour.unlimited());
        FlinkOverview good = new FlinkOverview(1, 1, 1, "1.19.3");
        FlinkOverview full = new FlinkOverview(2, 2, 0, "1.19.0");
        FlinkOverview empty = new FlinkOverview(0, 0, 0, "1.19.0");
        FlinkOverview old = new FlinkOverview(2, 2, 2, "1.17.2")) {
      Installation installation = installation(database, api);
      assertThat(cluster(installation, good.address()))
          .isEqualTo(
              "ok       cluster          Flink 1.19.3 at "
                  + good.address()
                  + ": 1 TaskManager with 1 slot, 1 free");
      assertThat(cluster(installation, full.address()))
          .startsWith("warning")
          .contains("0 free; a run waits until other jobs end");
      assertThat(cluster(installation, old.address()))
          .startsWith("warning")
          .contains("built for Flink 1.19");
      assertThat(cluster(installation, empty.address()))
          .startsWith("FAILED")
          .contains("no TaskManager is registered");
      String away = "127.0.0.1:" + freePort();
      assertThat(cluster(installation, away)).startsWith("FAILED").contains(away, "refused");

      String settings =
          "api:\n  base_url: "
              + api.baseUri()
              + "\n  token: {env: "
              + Installation.TOKEN_VARIABLE
              + "}\nparquet:\n  root: warehouse\n";
      installation
          .settings(settings)
          .pipeline(
              "nightly", "all", "[parquet]", List.of(Question.pageviews("traffic_daily", "day")));
      assertThat(cluster(installation, away).lines())
          .as("both in one pass")
          .satisfiesExactly(
              line -> assertThat(line).startsWith("FAILED").contains("a database under postgres:"),
              line -> assertThat(line).startsWith("FAILED").contains(away));
      installation.settings(
          settings
              + "postgres:\n  url: "
              + database.urlAt("127.0.0.1", freePort())
              + "\n  user: someone\n  password: {env: "
              + TestDatabase.PASSWORD_VARIABLE
              + "}\n");
      Installation.Ended ended = check(installation, good.address());
      assertThat(line(ended, "database"))
          .as("also of a pipeline that writes files only")
          .startsWith("FAILED")
          .contains("refused");
    }
  }

  private static Installation.Ended check(Installation installation, String master) {
    return installation.run(
        "check", "nightly", "--", "--runner=FlinkRunner", "--flinkMaster=" + master);
  }

  private static String cluster(Installation installation, String master) {
    return line(check(installation, master), "cluster");
  }

  @Test
  void nothingIsWrong() throws IOException {
    try (TestDatabase database = TestDatabase.create();
        FathomSimulator api = api(Behaviour.unlimited())) {
      Installation.Ended ended = installation(database, api).run("check", "nightly");

      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(ended.out()).doesNotContain("FAILED").endsWith("A run can start.\n");
      assertThat(line(ended, "report")).contains("1 request, billed as a pageview");
      assertThat(line(ended, "sites")).contains("1: SITEONE");
      assertThat(line(ended, "clock")).contains("this machine's clock");
      assertThat(line(ended, "beam")).contains("DirectRunner");
      assertThat(line(ended, "pooler")).contains("none");
      assertThat(api.log().aggregations()).hasSize(1);
      assertThat(directory.resolve("warehouse")).as("nothing is made").doesNotExist();
      assertThat(database.query("SELECT 1 FROM pg_namespace WHERE nspname LIKE 'fathom%'"))
          .isEmpty();
      JsonNode json =
          new ObjectMapper()
              .readTree(installation(database, api).run("check", "nightly", "--json").out());
      assertThat(json).allMatch(item -> item.path("state").textValue().equals("ok"));
      assertThat(json.findValuesAsText("item"))
          .containsExactly(
              "settings",
              "pipeline",
              "proxy",
              "token secret",
              "api",
              "sites",
              "report",
              "clock",
              "certificate",
              "database",
              "privileges",
              "pooler",
              "parquet",
              "spill directory",
              "beam");
    }
  }

  @Test
  void aTokenThatTheApiRefusesIsToBeReplaced() throws IOException {
    try (TestDatabase database = TestDatabase.create();
        FathomSimulator api = api(Behaviour.unlimited())) {
      Installation.Ended ended =
          installation(database, api)
              .variable(Installation.TOKEN_VARIABLE, "wrong")
              .run("check", "nightly");

      assertThat(ended.code()).as(ended.said()).isEqualTo(77);
      assertThat(line(ended, "api"))
          .startsWith("FAILED")
          .contains("Unauthenticated", "put it where api.token of the settings says");
      assertThat(ended.out()).doesNotContain("..");
    }
  }

  /** A run exports the other sites, so that one of them is no reason that none can start. */
  @Test
  void aSiteThatCannotBeReadIsLeftOut() throws IOException {
    List<Question> reports = List.of(Question.pageviews("traffic_daily", "day"));
    try (TestDatabase database = TestDatabase.create();
        FathomSimulator api = api(Behaviour.unlimited())) {
      Installation installation = installation(database, api);
      Installation.Ended one =
          installation
              .pipeline("nightly", "[SITEONE, GONEONE]", "[postgres, parquet]", reports)
              .run("check", "nightly");

      assertThat(one.code()).as(one.said()).isEqualTo(77);
      assertThat(line(one, "sites")).contains("GONEONE", "404", "SITEONE (");
      assertThat(one.out())
          .endsWith("A run can start, without site GONEONE until this is mended.\n");
      assertThat(installation.run("run", "nightly").code()).as("as a run ends").isEqualTo(77);

      Installation.Ended none =
          installation
              .pipeline("nightly", "[GONEONE, GONETWO]", "[postgres, parquet]", reports)
              .run("check", "nightly");

      assertThat(none.code()).as(none.said()).isEqualTo(77);
      assertThat(none.out()).endsWith("No run can succeed before this is mended.\n");
    }
  }

  @Test
  void everythingThatIsWrongIsSaidAtOnce() throws IOException {
    Behaviour refusing =
        Behaviour.unlimited()
            .withFault(FaultRule.when(r -> r.path().endsWith("/aggregations"), Fault.status(400)));
    try (TestDatabase database = TestDatabase.create();
        FathomSimulator api = api(refusing)) {
      Files.writeString(directory.resolve("warehouse"), "a file");
      Installation.Ended ended =
          installation(database, api)
              .at(NOW.minus(Duration.ofHours(3)))
              .databaseAt(database.urlAt("127.0.0.1", freePort()))
              .settings(1_000)
              .run("check", "nightly", "--", "--runner=NoRunner");

      assertThat(ended.code()).as(ended.said()).isEqualTo(78);
      assertThat(line(ended, "clock"))
          .startsWith("FAILED")
          .contains("3 h behind the API's: set the clock");
      assertThat(line(ended, "report")).startsWith("FAILED").contains("400", "1 request, billed");
      assertThat(line(ended, "database")).startsWith("FAILED").contains("refused");
      assertThat(line(ended, "parquet")).startsWith("FAILED").contains("is no directory");
      assertThat(line(ended, "beam")).startsWith("FAILED").contains("NoRunner");
      assertThat(ended.out()).contains("these 5 are mended");
      assertThat(api.log().aggregations()).as("never a second one").hasSize(1);
    }
  }

  @Test
  void anApiThatIsNotThereAndAPipelineThatIsWrong() throws IOException {
    int port = freePort();
    try (TestDatabase database = TestDatabase.create();
        FathomSimulator api = api(Behaviour.unlimited())) {
      Installation installation = installation(database, api);
      installation.settings(
          "api:\n  base_url: http://127.0.0.1:"
              + port
              + "/v1\n  token: {env: "
              + Installation.TOKEN_VARIABLE
              + "}\nparquet:\n  root: warehouse\n");
      installation.write("pipelines/nightly.yaml", "sites: all\nreprots: []\n");
      Installation.Ended ended = installation.run("check", "nightly");

      assertThat(ended.code()).as(ended.said()).isEqualTo(78);
      assertThat(line(ended, "pipeline")).startsWith("FAILED").contains("reprots");
      assertThat(line(ended, "api")).startsWith("FAILED").contains("127.0.0.1:" + port);
      assertThat(line(ended, "parquet")).startsWith("ok").contains("will be made");

      Installation.Ended withoutToken =
          installation.withoutVariable(Installation.TOKEN_VARIABLE).run("check", "nightly");
      assertThat(line(withoutToken, "token secret"))
          .startsWith("FAILED")
          .contains(Installation.TOKEN_VARIABLE);
      assertThat(line(withoutToken, "parquet")).startsWith("ok");
    }
  }

  /** The statements that are printed are all that is missing: after them, a run works. */
  @Test
  void theMissingGrantsAreSpelledOut() throws IOException {
    try (TestDatabase database = TestDatabase.create();
        FathomSimulator api = api(Behaviour.unlimited())) {
      Installation installation = installation(database, api);
      String name = "\"" + database.name() + "\"";
      database.executeAsSuperuser(
          "ALTER DATABASE " + name + " OWNER TO CURRENT_USER",
          "REVOKE ALL ON DATABASE " + name + " FROM PUBLIC, " + database.user(),
          "GRANT CONNECT ON DATABASE " + name + " TO " + database.user());
      granted(database, installation, "GRANT CREATE ON DATABASE", "GRANT TEMPORARY ON DATABASE");
      Installation.Ended run = installation.run("run", "nightly");
      assertThat(run.code()).as(run.said()).isZero();

      database.executeAsSuperuser(
          "ALTER TABLE fathom.traffic_daily OWNER TO CURRENT_USER",
          "ALTER TABLE fathom_ops.run OWNER TO CURRENT_USER",
          "ALTER SCHEMA fathom OWNER TO CURRENT_USER",
          "REVOKE ALL ON SCHEMA fathom FROM " + database.user());
      granted(
          database,
          installation,
          "GRANT USAGE, CREATE ON SCHEMA fathom TO",
          "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE fathom.traffic_daily, fathom_ops.run TO");
      granted(database, installation, "ALTER TABLE fathom.traffic_daily OWNER TO");
      Installation.Ended again = installation.run("run", "nightly", "--force");
      assertThat(again.code()).as(again.said()).isZero();
      assertThat(line(installation.run("check", "nightly"), "privileges")).startsWith("ok");
    }
  }

  /** Schemas that an administrator has made and forgotten to hand over. */
  @Test
  void emptySchemasOfAnotherRoleAreToBeHandedOver() throws IOException {
    try (TestDatabase database = TestDatabase.create();
        FathomSimulator api = api(Behaviour.unlimited())) {
      Installation installation = installation(database, api);
      database.executeAsSuperuser(
          "CREATE SCHEMA fathom", "CREATE SCHEMA fathom_ops", "CREATE SCHEMA fathom_bi");
      String role = " OWNER TO " + database.user();

      granted(
          database,
          installation,
          "ALTER SCHEMA fathom" + role,
          "ALTER SCHEMA fathom_ops" + role,
          "ALTER SCHEMA fathom_bi" + role);

      assertThat(line(installation.run("check", "nightly"), "privileges")).startsWith("ok");
      Installation.Ended run = installation.run("run", "nightly");
      assertThat(run.code()).as(run.said()).isZero();
      assertThat(database.query("SELECT count(*) > 0 FROM fathom_bi.site_day")).isNotEmpty();
    }
  }

  /** A role that only writes rows needs no more than migrations grant to it. */
  @Test
  void aRoleThatOnlyLoadsNeedsNoRightsOfTheOwner() throws IOException {
    try (TestDatabase database = TestDatabase.create();
        FathomSimulator api = api(Behaviour.unlimited())) {
      Installation installation = installation(database, api);
      assertThat(installation.run("migrate", "nightly").code()).isZero();
      String other = database.name() + "_owner";
      database.executeAsSuperuser(
          "CREATE ROLE " + other,
          "REASSIGN OWNED BY " + database.user() + " TO " + other,
          "ALTER DATABASE " + database.name() + " OWNER TO CURRENT_USER");
      try {
        granted(
            database,
            installation,
            "GRANT USAGE ON SCHEMA fathom TO",
            "GRANT USAGE ON SCHEMA fathom_ops TO",
            ", fathom_ops.schema_history TO",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE fathom.current_pages, ",
            ", fathom.traffic_daily, ",
            ", fathom_ops.run TO");
        assertThat(line(installation.run("check", "nightly"), "privileges"))
            .startsWith("ok")
            .contains("and no more");
        database.executeAsSuperuser("DROP TABLE fathom.traffic_daily CASCADE");
        Installation.Ended lacking = installation.run("check", "nightly");
        assertThat(lacking.code()).as(lacking.said()).isEqualTo(78);
        assertThat(line(lacking, "tables"))
            .startsWith("FAILED")
            .contains("traffic_daily", "fathom-export migrate");
      } finally {
        database.executeAsSuperuser(
            "REASSIGN OWNED BY " + other + " TO CURRENT_USER",
            "DROP OWNED BY " + other,
            "DROP ROLE " + other);
      }
    }
  }

  /** More rights than a run needs are no fault, but they are said. */
  @Test
  void aRoleThatMayMoreThanARunNeedsIsRemarkedOn() throws IOException {
    try (TestDatabase database = TestDatabase.create();
        FathomSimulator api = api(Behaviour.unlimited())) {
      Installation installation = installation(database, api);
      assertThat(line(installation.run("check", "nightly"), "privileges"))
          .startsWith("ok")
          .contains("as the owner of the tables", "docs/maintenance.md");
      assertThat(installation.run("migrate", "nightly").code()).isZero();
      assertThat(line(installation.run("check", "nightly"), "privileges"))
          .contains("as the owner of the tables");

      String mighty = database.name() + "_mighty";
      database.executeAsSuperuser("CREATE ROLE " + mighty + " LOGIN SUPERUSER");
      try {
        Path settings = directory.resolve("conf/fathom-export.yaml");
        Files.writeString(
            settings,
            Files.readString(settings)
                .replace("  user: " + database.user() + "\n", "  user: " + mighty + "\n"));
        Installation.Ended ended = installation.run("check", "nightly");
        assertThat(ended.code()).as(ended.said()).isZero();
        assertThat(line(ended, "privileges"))
            .startsWith("warning")
            .contains("is a superuser", "CREATE on its database");
      } finally {
        database.executeAsSuperuser("DROP ROLE " + mighty);
      }
    }
  }

  /** Expects statements, and runs those that are printed. */
  private static void granted(
      TestDatabase database, Installation installation, String... expected) {
    Installation.Ended ended = installation.run("check", "nightly");
    String line = line(ended, "privileges");
    assertThat(ended.code()).as(ended.said()).isEqualTo(78);
    assertThat(line).startsWith("FAILED").contains(expected);
    Pattern.compile("(GRANT|ALTER) [^;]*;")
        .matcher(line)
        .results()
        .forEach(statement -> database.executeAsSuperuser(statement.group()));
  }

  /** PgBouncer as Debian ships it; where it is not installed there is nothing to try. */
  @ParameterizedTest
  @ValueSource(strings = {"transaction", "session"})
  void aPoolerInTransactionModeIsFound(String mode) throws Exception {
    assumeThat(Pgbouncer.program()).isPresent();
    try (TestDatabase database = TestDatabase.create();
        FathomSimulator api = api(Behaviour.unlimited());
        Pgbouncer pooler = Pgbouncer.before(database, mode)) {
      Installation installation =
          installation(database, api).databaseAt(pooler.url()).settings(1_000);

      Installation.Ended ended = installation.run("check", "nightly");

      assertThat(line(ended, "pooler"))
          .as(ended.said())
          .startsWith(mode.equals("transaction") ? "FAILED" : "ok")
          .contains("a pooler");
    }
  }
}
