package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.world.World;
import fathomexport.testing.FaultDrill;
import fathomexport.testing.FaultTable;
import fathomexport.testing.ForkedRun;
import fathomexport.testing.Installation;
import fathomexport.testing.Landed;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A process that is stopped while another run does its work stores nothing when it goes on. */
@ExtendWith(FaultTable.class)
@Timeout(300)
class StoppedRunTest {
  private static final String FAULT = "SIGSTOP, taken over, SIGCONT";
  private static final LocalDate FIRST = LocalDate.of(2025, 6, 1);
  private static final LocalDate LAST = LocalDate.of(2025, 9, 30);
  private static final long SECONDS = 120;
  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("pages_daily", "day", "hostname", "pathname"));

  @TempDir Path directory;

  @Tag("chaos")
  @Test
  void whatWakesUpAfterItWasTakenOverStoresNothing() throws Exception {
    try (FaultDrill drill =
            new FaultDrill(
                directory,
                World.dozen(43, FIRST, LAST, 0),
                FIRST,
                LAST,
                "[LDNBOOKS, UTCSTATS, KTMTRAIL]",
                "",
                REPORTS);
        FaultDrill.Trial trial = drill.trial()) {
      AtomicReference<@Nullable ForkedRun> run = new AtomicReference<>();
      AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
      AtomicInteger asked = new AtomicInteger();
      CountDownLatch stopped = new CountDownLatch(1);
      drill
          .api()
          .behave(
              drill
                  .normal()
                  .withFault(
                      FaultRule.when(
                          request -> {
                            ForkedRun forked = run.get();
                            if (forked != null
                                && request.aggregation() > 0
                                && asked.incrementAndGet() == 3) {
                              try {
                                // The next chunk is requested while the first is committed.
                                awaitCommit(trial.database());
                                stop(forked, trial.installation().warehouse());
                              } catch (IOException | InterruptedException e) {
                                failure.set(e);
                              }
                              stopped.countDown();
                            }
                            return false;
                          },
                          new Fault.HangUp())));
      try (ForkedRun forked = trial.fork(List.of())) {
        run.set(forked);
        assertThat(stopped.await(SECONDS, TimeUnit.SECONDS)).as(forked.said()).isTrue();
        assertThat(failure.get()).isNull();
        // Its connections stay open as it stands still: the server ends those that hold locks.
        List<List<@Nullable Object>> before = stored(trial.database());
        assertThat(before).as("windows committed before").isNotEmpty();
        trial
            .database()
            .executeAsSuperuser(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity a"
                    + " WHERE datname = current_database() AND EXISTS (SELECT FROM pg_locks l"
                    + " WHERE l.pid = a.pid AND l.locktype = 'advisory')");
        // On one machine the files' lock would stand; a disk that was mounted again loses it.
        loseFileLock(trial.installation().warehouse());

        drill.api().behave(drill.normal());
        Installation.Ended second = trial.run(FAULT);
        assertThat(second.code()).as(second.said()).isZero();
        List<List<@Nullable Object>> after = stored(trial.database());
        assertThat(after).as("it has done what was left").hasSizeGreaterThan(before.size());
        Map<Path, byte[]> files = Landed.files(trial.installation().warehouse());
        int requests = drill.api().log().aggregations().size();
        assertThat(state(forked)).as("it stands still yet").isEqualTo('T');

        forked.signal("CONT");
        Installation.Ended first = forked.await(SECONDS);

        assertThat(first.code()).as(first.said()).isEqualTo(75);
        assertThat(first.said()).contains("another run of pipeline all has taken the lock");
        assertThat(stored(trial.database())).isEqualTo(after);
        assertThat(Landed.files(trial.installation().warehouse())).containsExactlyEntriesOf(files);
        assertThat(drill.api().log().aggregations())
            .as("one that was asked for already")
            .hasSizeLessThanOrEqualTo(requests + 1);
        trial.ended(FAULT, String.valueOf(first.code()));
      }
      trial.finish();
    }
  }

  private static void loseFileLock(Path warehouse) throws IOException {
    Files.delete(warehouse.resolve("_fathom/locks/pipeline-all.lock"));
  }

  /** Each window, and the run whose it is. */
  private static void awaitCommit(TestDatabase database) throws InterruptedException {
    for (int i = 0; i < 10 * SECONDS && stored(database).isEmpty(); i++) {
      Thread.sleep(100);
    }
  }

  private static List<List<@Nullable Object>> stored(TestDatabase database) {
    return database.query(
        "SELECT report, site_id, period::text, run_id, xmin::text FROM fathom_ops.ledger"
            + " ORDER BY 1, 2, 3");
  }

  /**
   * Stops the process, but not within a commit to files: what stands still with a report's lock
   * keeps it, and every other run waits for it.
   */
  private static void stop(ForkedRun forked, Path warehouse)
      throws IOException, InterruptedException {
    while (true) {
      forked.signal("STOP");
      while (state(forked) != 'T') {
        Thread.onSpinWait();
      }
      if (areFree(warehouse.resolve("_fathom/locks"))) {
        return;
      }
      forked.signal("CONT");
      Thread.sleep(10);
    }
  }

  /** Whether no other process holds the lock of a report. */
  private static boolean areFree(Path locks) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(locks, "report-*.lock")) {
      for (Path file : files) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
            @Nullable FileLock lock = channel.tryLock()) {
          if (lock == null) {
            return false;
          }
        }
      }
    }
    return true;
  }

  /** As {@code /proc} has it: T is stopped. */
  private static char state(ForkedRun forked) throws IOException {
    String stat =
        new String(
            Files.readAllBytes(Path.of("/proc/" + forked.pid() + "/stat")),
            StandardCharsets.US_ASCII);
    return stat.charAt(stat.lastIndexOf(')') + 2);
  }
}
