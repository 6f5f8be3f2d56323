package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.Fixture;
import fathomexport.testing.ForkedRun;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a person who follows the README for the first time may get wrong. Each mistake ends before a
 * request is billed, and the last line names the cause and the remedy.
 */
class FirstMistakesTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 9, 26);
  private static final LocalDate LAST = LocalDate.of(2025, 10, 2);
  private static final Instant NOW = Instant.parse("2025-10-03T14:00:00Z");

  @TempDir Path directory;
  @RegisterExtension final Fixture fixture = new Fixture();
  private FathomSimulator api;
  private TestDatabase database;
  private Installation installation;

  @BeforeEach
  void start() throws IOException {
    api = fixture.api(World.dozen(61, FIRST, LAST, 0), Behaviour.unlimited());
    database = fixture.emptyDatabase();
    installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
            .pipeline(
                "nightly",
                "[LDNBOOKS]",
                "[postgres, parquet]",
                List.of(Question.pageviews("traffic_daily", "day")));
  }

  private void assertEnds(int code, String... words) {
    Installation.Ended ended = installation.run("run", "nightly");
    assertThat(ended.code()).as(ended.said()).isEqualTo(code);
    assertThat(ended.said()).contains(words).doesNotContain("\tat ", "FlywayException");
    assertThat(api.log().aggregations()).as("billed requests").isEmpty();
  }

  /** The role may connect, and no more. */
  @Test
  void aRoleThatMayNotCreateSchemas() {
    database.executeAsSuperuser("ALTER DATABASE " + database.name() + " OWNER TO CURRENT_USER");

    assertEnds(78, "GRANT CREATE ON DATABASE", database.name(), database.user());

    database.executeAsSuperuser(
        "GRANT CREATE ON DATABASE " + database.name() + " TO " + database.user());
    Installation.Ended ended = installation.run("run", "nightly");
    assertThat(ended.code()).as(ended.said()).isZero();
  }

  /** The schemas are there, and belong to somebody else. */
  @Test
  void schemasOfAnotherRole() {
    database.executeAsSuperuser("CREATE SCHEMA fathom", "CREATE SCHEMA fathom_ops");

    assertEnds(78, "ALTER SCHEMA", database.user());
  }

  /**
   * A migration that fails halfway is reported by the command's own message only. Started as a
   * program, since the log of the tests is another one.
   */
  @Test
  void aFailedMigrationIsReportedOnce() throws Exception {
    assertThat(installation.run("migrate", "nightly").code()).isZero();
    // A script is applied again, and meets the table that it has created.
    database.execute(
        "DELETE FROM fathom_ops.schema_history WHERE installed_rank >= (SELECT installed_rank"
            + " FROM fathom_ops.schema_history WHERE version = '029')");

    try (ForkedRun forked =
        ForkedRun.start(installation, List.of(), List.of("migrate", "nightly"))) {
      Installation.Ended ended = forked.await(60);

      assertThat(ended.code()).as(ended.said()).isNotZero();
      assertThat(ended.said()).contains("already exists").doesNotContain("DbMigrate", "Flyway");
      assertThat(ended.said().split("already exists", -1)).as(ended.said()).hasSize(2);
    }
  }

  /** An earlier run was another role's. */
  @Test
  void tablesOfAnotherRole() {
    String other = database.name() + "_owner";
    assertThat(installation.run("migrate", "nightly").code()).isZero();
    database.executeAsSuperuser(
        "CREATE ROLE " + other,
        "REASSIGN OWNED BY " + database.user() + " TO " + other,
        "ALTER DATABASE " + database.name() + " OWNER TO CURRENT_USER");
    try {
      assertEnds(78, "GRANT " + other + " TO " + database.user());
    } finally {
      database.executeAsSuperuser(
          "REASSIGN OWNED BY " + other + " TO CURRENT_USER",
          "DROP OWNED BY " + other,
          "DROP ROLE " + other);
    }
  }

  /** The first run was a superuser's: membership in that role would make the loader one, too. */
  @Test
  void tablesOfASuperuserAreLeftToTheirOwner() {
    assertThat(installation.run("migrate", "nightly").code()).isZero();
    database.executeAsSuperuser(
        "REASSIGN OWNED BY " + database.user() + " TO CURRENT_USER",
        "ALTER DATABASE " + database.name() + " OWNER TO CURRENT_USER");

    Installation.Ended ended = installation.run("run", "nightly");
    assertThat(ended.said()).doesNotContain("run in this database");
    assertEnds(78, "`fathom-export check` with the pipeline", "`fathom-export migrate`", "owner");
  }

  /** What only reads the ledger says, too, who names the statements that are missing. */
  @Test
  void aRoleThatMayNotReadTheLedger() {
    assertThat(installation.run("migrate", "nightly").code()).isZero();
    database.executeAsSuperuser(
        "ALTER DATABASE " + database.name() + " OWNER TO CURRENT_USER",
        "REASSIGN OWNED BY " + database.user() + " TO CURRENT_USER");

    Installation.Ended ended = installation.run("status", "nightly");
    assertThat(ended.code()).as(ended.said()).isEqualTo(74);
    assertThat(ended.err())
        .contains("permission denied for schema fathom_ops", "`fathom-export check` with");
  }

  /** The loader has lost a right on what it owns: no role can be granted to itself. */
  @Test
  void aSeparateSchemaThatTheRoleMayNotUse() {
    assertThat(installation.run("migrate", "nightly").code()).isZero();
    database.executeAsSuperuser("REVOKE ALL ON SCHEMA fathom_ops FROM " + database.user());

    Installation.Ended ended = installation.run("run", "nightly");
    assertThat(ended.said()).doesNotContain("run in this database");
    assertEnds(78, "`fathom-export check` with the pipeline");
  }

  /** As a first migration by an administrator leaves the roles. */
  @Test
  void aRoleThatMayNotLogIn() {
    String role = database.name() + "_owner";
    database.executeAsSuperuser("CREATE ROLE " + role + " NOLOGIN PASSWORD 'secret'");
    try {
      installation.settings(
          "api: {base_url: "
              + api.baseUri()
              + ", token: {env: "
              + Installation.TOKEN_VARIABLE
              + "}, requests_per_minute: 1000, patience: 1s}\npostgres: {url: '"
              + database.url()
              + "', user: "
              + role
              + ", password: {env: SECRET}}\nparquet: {root: warehouse}\n");
      installation.variable("SECRET", "secret");

      Installation.Ended ended = installation.run("run", "nightly");
      assertThat(ended.said()).contains("ALTER ROLE \"" + role + "\" LOGIN PASSWORD");
    } finally {
      database.executeAsSuperuser("DROP ROLE " + role);
    }
  }

  @Test
  void aDatabaseInAnotherEncoding() {
    String latin = database.name() + "_latin";
    database.executeAsSuperuser(
        "CREATE DATABASE "
            + latin
            + " OWNER "
            + database.user()
            + " ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    try {
      installation.databaseAt(database.url() + "_latin").settings(1_000);

      assertEnds(78, "LATIN1", "CREATE DATABASE", "ENCODING 'UTF8'");
    } finally {
      database.executeAsSuperuser("DROP DATABASE " + latin + " WITH (FORCE)");
    }
  }

  @Test
  void aSecretsFileThatIsNotThere() {
    installation.settings(
        """
        api:
          token: {file: /nowhere/token}
          base_url: %s
        parquet:
          root: warehouse
        """
            .formatted(api.baseUri()));
    installation.pipeline(
        "nightly", "[LDNBOOKS]", "[parquet]", List.of(Question.pageviews("traffic_daily", "day")));

    assertEnds(77, "/nowhere/token does not exist: create it", "or name another place");
  }

  /** The first command in an empty directory: what is missing is named, and what writes it. */
  @Test
  void noSettingsAtAll() throws IOException {
    Files.delete(directory.resolve("conf/fathom-export.yaml"));

    assertEnds(78, "conf/fathom-export.yaml: no such file", "fathom-export init");
  }

  @Test
  void aTokenThatIsNotSet() {
    installation.withoutVariable(Installation.TOKEN_VARIABLE);

    assertEnds(
        77, "environment variable " + Installation.TOKEN_VARIABLE + " is not set: export it");
    assertThat(installation.run("check", "nightly").out())
        .contains("api.token: environment variable " + Installation.TOKEN_VARIABLE);
  }

  @Test
  void aTokenThatIsWrong() {
    installation.variable(Installation.TOKEN_VARIABLE, "not-the-token");

    assertEnds(77, "401", "check the token", "api.token in the settings");

    installation.pipeline(
        "nightly", "all", "[postgres]", List.of(Question.pageviews("traffic_daily", "day")));
    assertEnds(77, "401", "check the token", "api.token in the settings");
  }

  /**
   * Each command that a person begins with soon says in words that the API cannot be reached. It
   * does not log the attempts.
   */
  @Test
  void anApiThatCannotBeReached() throws IOException {
    String away = "127.0.0.1:" + freePort();
    for (String sites : List.of("all", "[LDNBOOKS, SECOND, THIRD, FOURTH]")) {
      installation.settings(
          """
          api:
            base_url: http://%s/v1
            token: {env: %s}
          parquet:
            root: warehouse
          """
              .formatted(away, Installation.TOKEN_VARIABLE));
      installation.pipeline(
          "nightly", sites, "[parquet]", List.of(Question.pageviews("traffic_daily", "day")));
      for (List<String> command :
          List.of(List.of("sites"), List.of("check", "nightly"), List.of("plan", "nightly"))) {
        Installation.Ended ended = installation.run(command.toArray(new String[0]));

        assertThat(ended.code()).as(ended.said()).isEqualTo(75);
        assertThat(ended.said())
            .contains("no connection to " + away + ": Connection refused", "check the network")
            .contains("(attempt 2 of 2)")
            .doesNotContain("{", "starting attempt", "Exception", "for 0 s");
      }
    }
  }

  /**
   * A base URL that leads to the server, but not to the API: no token is to blame, however many
   * accounts there are. A list that only is not there is another matter.
   */
  @Test
  void aBaseUrlWithoutTheApi() {
    String server = api.baseUri().toString().replace("/v1", "");
    String token = "  token: {env: " + Installation.TOKEN_VARIABLE + "}\n";
    SimulatorToken other = SimulatorToken.ofAccount("other-token", "other", Set.of("SECOND"));
    String two =
        "accounts:\n  - name: one\n  " + token + "  - name: two\n    token: {env: OTHER_TOKEN}\n";
    api.behave(api.behaviour().withTokens(SimulatorToken.STANDARD, other));
    installation.variable("OTHER_TOKEN", other.secret());
    for (String sites : List.of("all", "[LDNBOOKS]")) {
      installation.pipeline(
          "nightly", sites, "[parquet]", List.of(Question.pageviews("traffic_daily", "day")));
      for (String accounts : List.of(token, two)) {
        installation.settings(
            "api:\n  base_url: " + server + "\n" + accounts + "parquet: {root: warehouse}\n");
        for (List<String> command :
            List.of(
                List.of("run", "nightly"),
                List.of("plan", "nightly"),
                List.of("sites"),
                List.of("check", "nightly"))) {
          Installation.Ended ended = installation.run(command.toArray(new String[0]));
          assertThat(ended.code()).as("%s: %s", command, ended.said()).isEqualTo(78);
          assertThat(ended.said())
              .as("%s", command)
              .contains("api.base_url in the settings leads to no API: " + server)
              .doesNotContain("check the token", "make a token", "correct the id");
        }
      }
    }
    installation.settings(
        "api:\n  base_url: " + api.baseUri() + "\n" + token + "parquet: {root: warehouse}\n");
    installation.pipeline(
        "nightly", "all", "[parquet]", List.of(Question.pageviews("traffic_daily", "day")));
    api.behave(
        api.behaviour()
            .withFault(FaultRule.when(r -> r.path().equals("/v1/sites"), Fault.status(404))));
    assertEnds(77, "404", "check the token");
  }

  @Test
  void aHostWithoutAnAddress() {
    installation.settings(
        """
        api:
          base_url: https://api.fathom.invalid/v1
          token: {env: %s}
        parquet:
          root: warehouse
        """
            .formatted(Installation.TOKEN_VARIABLE));

    Installation.Ended ended = installation.run("sites");

    assertThat(ended.code()).as(ended.said()).isEqualTo(75);
    assertThat(ended.err())
        .contains("no address is known for the host api.fathom.invalid", "api.base_url");
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  @Test
  void aDatabaseThatIsDown() throws IOException {
    int port = freePort();
    installation.databaseAt(database.urlAt("127.0.0.1", port)).settings(1_000);

    assertEnds(74, "127.0.0.1:" + port, "refused", "postgres.url");
  }

  @Test
  void aPipelineOfAnotherName() {
    Installation.Ended ended = installation.run("run", "nigthly");

    assertThat(ended.code()).as(ended.said()).isEqualTo(78);
    assertThat(ended.said())
        .contains("pipelines/nigthly.yaml: no such pipeline (did you mean 'nightly'?)");
    assertThat(api.log().all()).isEmpty();
  }

  /** A site that the token does not know, in the pipeline and on the command line. */
  @Test
  void aSiteThatIsNotThere() {
    Installation.Ended limited = installation.run("run", "nightly", "--site", "LNDBOOKS");
    assertThat(limited.code()).as(limited.said()).isEqualTo(2);
    assertThat(limited.said()).contains("--site LNDBOOKS");

    installation.pipeline(
        "nightly",
        "[LNDBOOKS]",
        "[postgres, parquet]",
        List.of(Question.pageviews("traffic_daily", "day")));

    assertEnds(77, "site LNDBOOKS", "404", "correct the id under sites:", "fathom-export sites");
    Installation.Ended plan = installation.run("plan", "nightly");
    assertThat(plan.out())
        .contains("site LNDBOOKS", "correct the id under sites:")
        .doesNotContain("every finished period is exported");
  }

  /** The directory for the files cannot be created, because a file is in its place. */
  @Test
  void aRootThatIsAFile() throws IOException {
    Files.writeString(directory.resolve("warehouse"), "a file");

    assertEnds(
        74,
        directory.resolve("warehouse").toString(),
        "there is a file, not a directory",
        "correct parquet.root in the settings");
  }
}
