package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.world.World;
import fathomexport.testing.Chaos;
import fathomexport.testing.FaultDrill;
import fathomexport.testing.FaultTable;
import fathomexport.testing.Installation;
import fathomexport.testing.Later;
import fathomexport.testing.PostgresProxy;
import fathomexport.testing.PostgresProxy.Deed;
import fathomexport.testing.PostgresProxy.Point;
import fathomexport.testing.Question;
import fathomexport.testing.RestartableServer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The database, or the way to it, fails in the middle of a backfill: it gets through or says so,
 * and the next run makes all whole.
 */
@ExtendWith(FaultTable.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DatabaseFaultsTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 10, 27);
  private static final LocalDate LAST = LocalDate.of(2025, 11, 5);
  private static final String SITES = "[INDCRFTS, KTMTRAIL]";
  private static final long SEED = 20_251_127;

  /** Done, or the database cannot be reached: both may be said of a fault that passes. */
  private static final List<Integer> HONEST = List.of(0, 74);

  /** How soon the driver is told to notice a stall here; it is ten minutes otherwise. */
  private static final String IMPATIENT = "&socketTimeout=2";

  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("pages_daily", "day", "hostname", "pathname"),
          Question.pageviews("traffic_monthly", "month"),
          Question.events("goals_daily", "day"));

  private FaultDrill drill;

  @BeforeAll
  void undisturbed(@TempDir Path directory) {
    drill =
        new FaultDrill(directory, World.dozen(31, FIRST, LAST, 0), FIRST, LAST, SITES, "", REPORTS);
  }

  @AfterAll
  void close() {
    drill.close();
  }

  /** What a proxy does to a backfill. */
  private interface Disturbance {
    void arrange(PostgresProxy proxy);
  }

  private Installation.Ended disturbed(String fault, String url, Disturbance disturbance) {
    try (FaultDrill.Trial trial = drill.trial();
        PostgresProxy proxy = new PostgresProxy(trial.database().host(), trial.database().port())) {
      trial.databaseAt(proxy.port(), "?sslmode=disable" + url);
      disturbance.arrange(proxy);
      Installation.Ended ended = trial.run(fault);
      assertThat(ended.code()).as(ended.said()).isIn(HONEST);
      if (ended.code() != 0) {
        assertThat(ended.said()).contains("PostgreSQL at 127.0.0.1:" + proxy.port());
      }
      proxy.heal();
      trial.finish();
      return ended;
    }
  }

  /** One lost connection of a window is no reason to end a run. */
  @ParameterizedTest
  @EnumSource(names = "COMMIT_ASKED", mode = EnumSource.Mode.EXCLUDE)
  void theConnectionIsCut(Point point) {
    cut(point);
  }

  @Test
  @Tag("chaos")
  void theConnectionIsCutAtItsCommit() {
    cut(Point.COMMIT_ASKED);
  }

  private void cut(Point point) {
    Installation.Ended ended =
        disturbed("connection cut: " + point.said(), "", proxy -> proxy.at(point, 2, Deed.CUT));

    assertThat(ended.code()).as(ended.said()).isZero();
  }

  @Test
  void theConnectionStallsBehindACopy() {
    stalled(Point.COPIED);
  }

  @Test
  @Tag("chaos")
  void theConnectionStallsBehindItsCommit() {
    stalled(Point.COMMIT_ANSWERED);
  }

  /** What became of the transaction is asked for half a minute. */
  @Test
  @Tag("chaos")
  void theConnectionStallsAtItsCommit() {
    stalled(Point.COMMIT_ASKED);
  }

  private void stalled(Point point) {
    disturbed(
        "connection stalls: " + point.said(), IMPATIENT, proxy -> proxy.at(point, 2, Deed.STALL));
  }

  /** A run that cannot even write down how it ended is no internal error. */
  @Test
  @Tag("chaos")
  @SuppressWarnings("try") // closed early: that is the fault
  void theServerGoesAndStaysAway() {
    try (FaultDrill.Trial trial = drill.trial();
        PostgresProxy proxy = new PostgresProxy(trial.database().host(), trial.database().port())) {
      trial.databaseAt(proxy.port(), "?sslmode=disable");
      proxy.watch(
          (point, nth) -> {
            if (point != Point.COPIED || nth != 2) {
              return Deed.PASS;
            }
            proxy.close();
            return Deed.CUT;
          });
      Installation.Ended ended = trial.run("the database goes and stays away");
      assertThat(ended.code()).as(ended.said()).isEqualTo(74);
      assertThat(ended.said()).contains("PostgreSQL at 127.0.0.1:" + proxy.port());
      trial.databaseDirectly().finish();
    }
  }

  @Test
  void cutAtTwoOffsets() {
    atOffsets(2, Deed.CUT, "");
  }

  @Test
  @Tag("chaos")
  void cutAtThirtyOffsets() {
    atOffsets(Chaos.times(30), Deed.CUT, "");
  }

  @Test
  @Tag("chaos")
  void stallAtTenOffsets() {
    atOffsets(Chaos.times(10), Deed.STALL, IMPATIENT);
  }

  private void atOffsets(int times, Deed deed, String url) {
    long bytes;
    try (FaultDrill.Trial trial = drill.trial();
        PostgresProxy proxy = new PostgresProxy(trial.database().host(), trial.database().port())) {
      trial.databaseAt(proxy.port(), "?sslmode=disable");
      Installation.Ended ended = trial.run("none, by way of a proxy");
      assertThat(ended.code()).as(ended.said()).isZero();
      bytes = proxy.passed();
      trial.finish();
    }
    System.out.printf("%s at %d of %d bytes, seed %d%n", deed, times, bytes, SEED);
    Random random = new Random(SEED);
    for (int i = 0; i < times; i++) {
      long offset = random.nextLong(bytes);
      disturbed(
          "connection " + (deed == Deed.CUT ? "cut" : "stalls") + " at a random byte of either way",
          url,
          proxy -> proxy.atByte(offset, deed));
    }
  }

  @Test
  void sessionsAreTerminated() {
    terminations(1);
  }

  @Test
  @Tag("chaos")
  void twentySessionsAreTerminated() {
    terminations(Chaos.times(20));
  }

  /** All sessions of the run but the one that asks, the pipeline's lock among them. */
  private void terminations(int times) {
    Random random = new Random(SEED);
    for (int i = 0; i < times; i++) {
      int request = 1 + random.nextInt(drill.requests());
      int millis = random.nextInt(30);
      try (FaultDrill.Trial trial = drill.trial()) {
        drill
            .api()
            .behave(
                drill
                    .normal()
                    .withFault(
                        FaultRule.when(
                            r -> {
                              if (r.aggregation() == request) {
                                Later.after(millis, () -> terminateAll(trial));
                              }
                              return r.aggregation() > 0;
                            },
                            new Fault.Delay(Duration.ofMillis(15)))));
        Installation.Ended ended = trial.run("pg_terminate_backend of all sessions");
        assertThat(ended.code()).as(ended.said()).isIn(HONEST);
        trial.finish();
      }
    }
  }

  private static Void terminateAll(FaultDrill.Trial trial) {
    trial
        .database()
        .executeAsSuperuser(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                + " WHERE application_name = 'fathom-export' AND datname = current_database()");
    return null;
  }

  @Test
  void theServerIsStoppedOnce(@TempDir Path place) throws Exception {
    restarts(place, 1);
  }

  @Test
  @Tag("chaos")
  void theServerIsStoppedTenTimes(@TempDir Path place) throws Exception {
    restarts(place, Chaos.times(10));
  }

  /** As {@code pg_ctl stop -m immediate} does, so that it recovers from its log when it starts. */
  private void restarts(Path place, int times) throws Exception {
    Random random = new Random(SEED);
    try (RestartableServer server = RestartableServer.start(place)) {
      for (int i = 0; i < times; i++) {
        int request = 1 + random.nextInt(drill.requests());
        int millis = random.nextInt(30);
        try (FaultDrill.Trial trial = drill.trial(server.database())) {
          trial.migrated();
          Later restart = Later.of(millis, server::crashAndStart);
          drill
              .api()
              .behave(
                  drill
                      .normal()
                      .withFault(
                          FaultRule.when(
                              r -> {
                                if (r.aggregation() == request) {
                                  restart.start();
                                }
                                return r.aggregation() > 0;
                              },
                              new Fault.Delay(Duration.ofMillis(15)))));
          Installation.Ended ended =
              trial.runAnd("pg_ctl stop -m immediate, and start", restart::join);
          assertThat(ended.code()).as(ended.said()).isIn(HONEST);
          trial.finish();
        }
      }
    }
  }
}
