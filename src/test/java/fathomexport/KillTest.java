package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.world.World;
import fathomexport.testing.Chaos;
import fathomexport.testing.DirectoryWatch;
import fathomexport.testing.FaultDrill;
import fathomexport.testing.FaultTable;
import fathomexport.testing.ForkedRun;
import fathomexport.testing.Later;
import fathomexport.testing.PostgresProxy;
import fathomexport.testing.PostgresProxy.Deed;
import fathomexport.testing.PostgresProxy.Point;
import fathomexport.testing.Question;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A backfill that is killed again and again ends as one that was left alone. */
@ExtendWith(FaultTable.class)
class KillTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 10, 20);

  /** Of the backfill that is killed once at each moment. */
  private static final LocalDate FIRST_OF_FEW = LocalDate.of(2025, 11, 1);

  private static final LocalDate LAST = LocalDate.of(2025, 11, 8);
  private static final long SEED = 20_251_108;

  /** Long enough that a kill falls into requests, commits and what is between them. */
  private static final Duration ANSWER_TIME = Duration.ofMillis(15);

  private static final int LONGEST_BETWEEN_REQUESTS_MILLIS = 40;
  private static final int KILLS_PER_TRIAL = 10;
  private static final long STARTING_SECONDS = 120;

  /** Each is a question of its own, so that a request tells which report it is for. */
  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("pages_daily", "day", "hostname", "pathname"),
          Question.pageviews("browsers_hourly", "hour", "browser"),
          Question.pageviews("cities_monthly", "month", "city"),
          Question.events("goals_daily", "day"));

  private static final String SITES =
      "[" + World.BUSY_SITE + ", " + World.BURST_SITE + ", INDCRFTS, KTMTRAIL]";

  @TempDir Path directory;

  /** When the process is killed; found from outside: it has no hooks for it. */
  private enum Moment {
    RANDOM("kill -9 at a random moment", 12),
    FETCHED("kill -9 after a fetch", 6),
    COPIED("kill -9 after COPY", 3),
    COMMIT_ASKED("kill -9 before COMMIT", 3),
    COMMIT_ANSWERED("kill -9 after COMMIT, before its reply", 3),
    WRITTEN("kill -9 before the rename of a Parquet file", 4),
    RENAMED("kill -9 after the rename of a Parquet file", 4);

    private final String fault;
    private final int latest;

    Moment(String fault, int latest) {
      this.fault = fault;
      this.latest = latest;
    }
  }

  @Test
  void aKillAtEachMomentLeavesWhatNoneLeaves() throws Exception {
    kills(Moment.values().length, FIRST_OF_FEW);
  }

  @Test
  @Tag("chaos")
  void twoHundredKillsLeaveWhatNoneLeaves() throws Exception {
    kills(Chaos.times(200), FIRST);
  }

  private void kills(int kills, LocalDate first) throws Exception {
    System.out.printf("%d kills, seed %d%n", kills, SEED);
    Random random = new Random(SEED);
    Moment[] moments = Moment.values();
    int done = 0;
    int asked = 0;
    int trials = 0;
    try (FaultDrill drill =
        new FaultDrill(
            directory, World.dozen(31, first, LAST, 0), first, LAST, SITES, "", REPORTS)) {
      while (done < kills) {
        trials++;
        try (FaultDrill.Trial trial = drill.trial();
            PostgresProxy proxy =
                new PostgresProxy(trial.database().host(), trial.database().port())) {
          trial.databaseAt(proxy.port(), "?sslmode=disable");
          for (int i = 0; i < KILLS_PER_TRIAL && done < kills; i++) {
            Moment moment = moments[done % moments.length];
            if (!killed(drill, trial, proxy, moment, 1 + random.nextInt(moment.latest), random)) {
              break;
            }
            done++;
          }
          trial.databaseDirectly().finish();
          asked += trial.asked();
        }
      }
      System.out.printf(
          "%d kills in %d backfills: %d requests, %d without any%n",
          done, trials, asked, trials * drill.requests());
      assertThat(asked)
          .as("a kill costs what was under way: a window or two with its control")
          .isLessThanOrEqualTo(trials * drill.requests() + 4 * done);
    }
  }

  /** Whether the run was killed; else it was over before it came to that moment. */
  @SuppressWarnings("try") // the watch works by being open
  private static boolean killed(
      FaultDrill drill,
      FaultDrill.Trial trial,
      PostgresProxy proxy,
      Moment moment,
      int nth,
      Random random)
      throws IOException, InterruptedException {
    AtomicReference<@Nullable ForkedRun> run = new AtomicReference<>();
    AtomicInteger files = new AtomicInteger();
    Runnable kill =
        () -> {
          ForkedRun forked = run.get();
          if (forked != null) {
            forked.kill();
          }
        };
    int pause = random.nextInt(LONGEST_BETWEEN_REQUESTS_MILLIS);
    drill.api().behave(slowly(drill.normal(), moment, nth, pause, kill));
    proxy.watch(
        (point, n) -> {
          if (n == nth && point == pointOf(moment)) {
            kill.run();
            return Deed.CUT;
          }
          return Deed.PASS;
        });
    try (DirectoryWatch watch =
            new DirectoryWatch(
                trial.installation().warehouse(),
                file -> {
                  if (isOf(moment, file) && files.incrementAndGet() == nth) {
                    kill.run();
                  }
                });
        ForkedRun forked = trial.fork(List.of())) {
      run.set(forked);
      int code = forked.await(STARTING_SECONDS).code();
      drill.api().behave(drill.normal());
      proxy.heal();
      boolean killed = code == 137;
      if (killed) {
        trial.ended(moment.fault, "137");
      } else {
        assertThat(code).as(forked.said()).isZero();
      }
      return killed;
    }
  }

  private static Behaviour slowly(
      Behaviour normal, Moment moment, int nth, int pauseMillis, Runnable kill) {
    return normal.withFault(
        FaultRule.when(
            request -> {
              if (moment == Moment.RANDOM && request.aggregation() == nth) {
                Later.after(pauseMillis, Executors.callable(kill));
              } else if (moment == Moment.FETCHED && request.aggregation() == nth + 1) {
                // It asks for the next: the one before was read to its end.
                kill.run();
              }
              return request.aggregation() > 0;
            },
            new Fault.Delay(ANSWER_TIME)));
  }

  private static @Nullable Point pointOf(Moment moment) {
    return switch (moment) {
      case COPIED -> Point.COPIED;
      case COMMIT_ASKED -> Point.COMMIT_ASKED;
      case COMMIT_ANSWERED -> Point.COMMIT_ANSWERED;
      case RANDOM, FETCHED, WRITTEN, RENAMED -> null;
    };
  }

  private static boolean isOf(Moment moment, Path file) {
    String name = file.getFileName().toString();
    return switch (moment) {
      case WRITTEN -> name.startsWith(".data.parquet.");
      case RENAMED -> name.equals("data.parquet");
      case RANDOM, FETCHED, COPIED, COMMIT_ASKED, COMMIT_ANSWERED -> false;
    };
  }
}
