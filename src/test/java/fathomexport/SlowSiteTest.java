package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.Installation;
import fathomexport.testing.Landed;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** With two requests in flight, a site that answers late holds up no other, and costs no CPU. */
@Timeout(180)
class SlowSiteTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 9, 1);
  private static final LocalDate LAST = LocalDate.of(2025, 9, 12);
  private static final Instant NOW = Instant.parse("2025-10-02T14:00:00Z");
  private static final String SLOW = "LDNBOOKS";
  private static final String QUICK = "UTCSTATS";
  private static final Question TRAFFIC = Question.pageviews("traffic_daily", "day");

  /** A window a day. */
  private static final long WINDOWS = 12;

  /** Long enough to tell waiting from polling, however busy the machine is. */
  private static final long MEASURED_MILLIS = 1_500;

  @TempDir Path directory;

  private final World world = World.dozen(41, FIRST, LAST, 0);
  private FathomSimulator api;
  private TestDatabase database;
  private Installation installation;

  @BeforeEach
  void start() throws IOException {
    api = FathomSimulator.start(world, Behaviour.unlimited());
    database = TestDatabase.migrated();
    installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
            .settings(1_000, 1000, "  max_range_days: 1\n  max_in_flight: 2\n")
            .pipeline(
                "all", "[" + SLOW + ", " + QUICK + "]", "[postgres, parquet]", List.of(TRAFFIC));
  }

  @AfterEach
  void stop() {
    api.close();
    database.close();
  }

  /** Its first answer comes only when the other site is stored whole. */
  @Test
  void theOtherSiteIsExportedMeanwhile() {
    CountDownLatch never = new CountDownLatch(1);
    AtomicBoolean first = new AtomicBoolean(true);
    AtomicReference<Long> meanwhile = new AtomicReference<>(0L);
    AtomicReference<Double> load = new AtomicReference<>(1.0);
    AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
    api.behave(
        Behaviour.unlimited()
            .withFault(
                FaultRule.when(
                    r -> {
                      if (r.aggregation() > 0
                          && SLOW.equals(r.site())
                          && first.compareAndSet(true, false)) {
                        try {
                          meanwhile.set(stored(never));
                          load.set(load(never));
                        } catch (InterruptedException | IllegalStateException e) {
                          failure.set(e);
                        }
                      }
                      return false;
                    },
                    Fault.empty())));

    Installation.Ended ended =
        installation.run("backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString());

    assertThat(ended.code()).as(ended.said()).isZero();
    assertThat(failure.get()).isNull();
    assertThat(meanwhile.get()).as("windows of the quick site, meanwhile").isEqualTo(WINDOWS);
    System.out.printf("one lane waits, the other has ended: %.4f of a core%n", load.get());
    assertThat(load.get())
        .as("of a core, while one lane waits for an answer and the other has ended")
        .isLessThan(0.02);
    List<List<@Nullable Object>> expected = new ArrayList<>();
    for (String site : List.of(SLOW, QUICK)) {
      expected.addAll(TRAFFIC.expected(world, api.truth(), site, FIRST, LAST));
    }
    assertThat(Landed.differences(expected, Landed.inPostgres(database, TRAFFIC))).isEmpty();
    assertThat(Landed.differences(expected, Landed.inParquet(installation.warehouse(), TRAFFIC)))
        .isEmpty();
  }

  /** Windows of the quick site that are stored, as soon as all are; or after long enough. */
  private long stored(CountDownLatch never) throws InterruptedException {
    long stored = 0;
    for (int i = 0; i < 600 && stored < WINDOWS; i++) {
      var unused = never.await(100, TimeUnit.MILLISECONDS);
      stored =
          (long)
              database
                  .query(
                      "SELECT count(*) FROM fathom_ops.ledger WHERE stored AND site_id = '"
                          + QUICK
                          + "'")
                  .get(0)
                  .get(0);
    }
    return stored;
  }

  /** How much of a core the runner's threads use for a time. */
  private static double load(CountDownLatch never) throws InterruptedException {
    long from = System.nanoTime();
    long used = runnerNanos();
    var unused = never.await(MEASURED_MILLIS, TimeUnit.MILLISECONDS);
    return (runnerNanos() - used) / (double) (System.nanoTime() - from);
  }

  private static long runnerNanos() {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long nanos = 0;
    int found = 0;
    for (ThreadInfo thread : threads.getThreadInfo(threads.getAllThreadIds())) {
      if (thread != null && thread.getThreadName().startsWith("direct-runner-worker")) {
        found++;
        nanos += Math.max(0, threads.getThreadCpuTime(thread.getThreadId()));
      }
    }
    if (found == 0) {
      throw new IllegalStateException("no thread of the runner was found");
    }
    return nanos;
  }
}
