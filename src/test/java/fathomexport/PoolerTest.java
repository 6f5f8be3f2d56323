package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.Installation;
import fathomexport.testing.Pgbouncer;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A database behind Debian's PgBouncer. */
class PoolerTest {
  private static final Instant NOW = Instant.parse("2025-10-28T14:00:00Z");

  @TempDir Path directory;

  private TestDatabase database;
  private FathomSimulator api;
  private Installation installation;

  @BeforeEach
  void install() throws Exception {
    boolean installed = Pgbouncer.program().isPresent();
    if (!installed) {
      System.out.println("PoolerTest is skipped: pgbouncer is not installed");
    }
    assumeTrue(installed, "pgbouncer is not installed");
    World world = World.empty().addSite("SITE", ZoneOffset.UTC);
    world.add("SITE", world.viewAt("SITE", LocalDate.of(2025, 10, 27).atTime(8, 0)));
    database = TestDatabase.create();
    api = FathomSimulator.start(world, Behaviour.unlimited());
    installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
            .pipeline(
                "all", "all", "[postgres]", List.of(Question.pageviews("traffic_daily", "day")));
  }

  @AfterEach
  void uninstall() {
    if (api != null) {
      api.close();
    }
    if (database != null) {
      database.close();
    }
  }

  private Installation.Ended behind(Pgbouncer pool, String... command) {
    return installation.databaseAt(pool.url()).settings(1_000).run(command);
  }

  private void assertRefused(Installation.Ended ended) {
    assertThat(ended.code()).as(ended.said()).isEqualTo(78);
    assertThat(ended.said()).contains("pool_mode = transaction", "pool_mode = session");
    assertThat(api.log().aggregations()).isEmpty();
    assertThat(
            database.query(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database ="
                    + " (SELECT oid FROM pg_database WHERE datname = current_database())"))
        .as("locks that stay behind")
        .containsExactly(List.of(0L));
  }

  @Test
  void aPoolThatSharesSessionsBetweenTransactionsIsRefused() throws Exception {
    try (Pgbouncer pool = Pgbouncer.before(database, "transaction")) {
      assertRefused(behind(pool, "run", "all"));
      assertRefused(behind(pool, "migrate", "all"));
      assertRefused(behind(pool, "snapshot", "all"));
    }
    // The database itself is as it was.
    Installation.Ended direct =
        installation.databaseAt(database.url()).settings(1_000).run("run", "all");
    assertThat(direct.code()).as(direct.said()).isZero();
  }

  @Test
  void aPoolThatRotatesItsSessionsIsRefused() throws Exception {
    try (Pgbouncer pool = Pgbouncer.before(database, "transaction", "server_round_robin = 1")) {
      warm(pool);
      assertRefused(behind(pool, "run", "all"));
    }
  }

  @Test
  void aPoolForSingleStatementsIsRefused() throws Exception {
    try (Pgbouncer pool = Pgbouncer.before(database, "statement")) {
      assertRefused(behind(pool, "run", "all"));
    }
  }

  @Test
  void aPoolThatKeepsSessionsIsAsGoodAsNone() throws Exception {
    try (Pgbouncer pool = Pgbouncer.before(database, "session")) {
      Installation.Ended ended = behind(pool, "run", "all");
      assertThat(ended.code()).as(ended.said()).isZero();
      ended = behind(pool, "run", "all");
      assertThat(ended.code()).as(ended.said()).isZero();
    }
  }

  /** Has the pool hold several sessions, as it does when others use it. */
  private void warm(Pgbouncer pool) throws SQLException {
    List<Connection> open = new ArrayList<>();
    try {
      for (int i = 0; i < 4; i++) {
        Connection connection =
            DriverManager.getConnection(pool.url(), database.user(), database.password());
        open.add(connection);
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
          statement.execute("SELECT 1");
        }
      }
    } finally {
      for (Connection connection : open) {
        connection.close();
      }
    }
  }
}
