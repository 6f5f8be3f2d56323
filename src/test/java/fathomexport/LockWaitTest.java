package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.testing.Installation;
import fathomexport.testing.Later;
import fathomexport.testing.LogCapture;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.net.URI;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Waits for locks: said, and short where others would have to wait behind them. */
class LockWaitTest {
  private static final Question TRAFFIC = Question.pageviews("traffic_daily", "day");

  @TempDir Path directory;

  private Installation installation(TestDatabase database) {
    return new Installation(
        directory,
        database,
        URI.create("http://127.0.0.1:9/v1"),
        SimulatorToken.STANDARD.secret(),
        Instant.parse("2025-10-28T14:00:00Z"));
  }

  private Installation pipeline(Installation installation, String... aggregates) {
    return installation.pipeline(
        "all", "all", "[postgres]", List.of(TRAFFIC.measuring(aggregates)));
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long begin = System.nanoTime();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.MINUTES.toNanos(2));
      Thread.sleep(20);
    }
  }

  /** A report that gets a column, or another name. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "  - name: traffic_daily\n    aggregates: [visits, pageviews]\n",
        "  - name: traffic\n    renamed_from: traffic_daily\n    aggregates: [visits]\n"
      })
  void aChangedTableDoesNotMakeReadersWaitBehindAnIdleOne(String changed) throws Exception {
    try (TestDatabase database = TestDatabase.migrated();
        LogCapture log = LogCapture.ofAll();
        Connection reader = database.connect()) {
      Installation installation = pipeline(installation(database), "visits");
      assertThat(installation.run("migrate", "all").code()).isZero();
      reader.setAutoCommit(false);
      read(reader);

      installation.write(
          "pipelines/all.yaml",
          "sites: all\nsinks: [postgres]\nreports:\n"
              + changed
              + "    entity: pageview\n    date_grouping: day\n");
      AtomicReference<Installation.@Nullable Ended> ended = new AtomicReference<>();
      Later migrating =
          Later.after(
              0,
              () -> {
                ended.set(installation.run("migrate", "all"));
                return true;
              });
      await(() -> log.text().contains("a table that must change is in use"));
      assertThat(log.text()).contains("fathom.traffic_daily: session ").contains("idle in trans");

      try (Connection another = database.connect();
          Statement statement = another.createStatement()) {
        statement.execute("SET statement_timeout = '20s'");
        read(another);
      }
      assertThat(ended.get()).as("it goes on trying").isNull();
      reader.rollback();
      migrating.join();

      Installation.Ended done = Objects.requireNonNull(ended.get());
      assertThat(done.code()).as(done.said()).isZero();
      assertThat(
              database.query(
                  "SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE"
                      + " c.relnamespace = 'fathom'::regnamespace AND (relname, attname) IN"
                      + " (('traffic_daily', 'pageviews'), ('traffic', 'visits'))"))
          .containsExactly(List.of(1L));
    }
  }

  private static void read(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SELECT count(*) FROM fathom.traffic_daily");
    }
  }

  @Test
  void aWaitForAnotherMigrationIsSaid() throws Exception {
    try (TestDatabase database = TestDatabase.migrated();
        LogCapture log = LogCapture.ofAll();
        Connection other = database.connect();
        Statement statement = other.createStatement()) {
      Installation installation = pipeline(installation(database), "visits");
      statement.execute("SET application_name = 'someone'");
      statement.execute("SELECT pg_advisory_lock(hashtextextended('fathom-export/migrate', 0))");
      Later migrating =
          Later.after(
              0,
              () -> {
                assertThat(installation.run("migrate", "all").code()).isZero();
                return true;
              });
      await(() -> log.text().contains("waiting for a lock of another run or migration"));
      assertThat(log.text()).contains("application someone");
      statement.execute("SELECT pg_advisory_unlock_all()");
      migrating.join();
    }
  }
}
