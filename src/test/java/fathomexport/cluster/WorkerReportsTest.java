package fathomexport.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import fathomexport.api.pacing.StopSignal;
import fathomexport.api.pacing.TimeSource;
import fathomexport.run.Budget;
import fathomexport.run.FailureKind;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunListener;
import fathomexport.run.WindowOutcome;
import fathomexport.testing.TestDatabase;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a worker reports of its lane, and what it does not. */
class WorkerReportsTest {
  private final List<WindowOutcome> ended = new ArrayList<>();
  private final StopSignal stop = new StopSignal();
  private TestDatabase database;
  private RunBoard board;
  private RunWatch watch;
  private WorkerReports reports;

  @BeforeEach
  void begin() {
    database = TestDatabase.migrated();
    board = TestBoard.begun(database);
    watch =
        new RunWatch(
            board,
            new RunEnvironment(
                database.environment(), TimeSource.system(), new StopSignal(), RunListener.NONE),
            Budget.UNLIMITED,
            ended::add);
    reports = Objects.requireNonNull(WorkerReports.begin(board, 0, "host-1", stop));
  }

  @AfterEach
  void end() {
    reports.close();
    board.end();
    board.close();
    database.close();
  }

  private static WindowOutcome failed(String message) {
    return WindowOutcome.failed("a window", FailureKind.STORAGE, message);
  }

  private List<String> messages() {
    watch.look();
    return ended.stream().map(WindowOutcome::message).toList();
  }

  private List<List<@Nullable Object>> halts() {
    return database.query("SELECT reach, message FROM fathom_ops.cluster_halt ORDER BY reach");
  }

  @Test
  void failuresAndWhatTheyEndAreReported() throws InterruptedException {
    reports.windowEnded(failed("a disk is full"));
    reports.halted("one", failed("an account is refused"));
    reports.laneFailed(failed("a lane failed"));
    reports.ended();
    assertThat(messages())
        .containsExactly("a disk is full (on worker host-1)", "a lane failed (on worker host-1)");
    assertThat(watch.hasEnded(0)).isTrue();
    assertThat(halts())
        .containsExactly(List.of("account:one", "an account is refused (on worker host-1)"));
  }

  /** What a lane meets while the cluster cancels it is no reason for the run. */
  @Test
  void aCancelledLaneReportsNothingOfItsEnd() {
    reports.windowEnded(failed("before"));
    reports.halted("one", failed("before"));
    Thread.currentThread().interrupt();
    reports.windowEnded(failed("a file was closed"));
    reports.halted(null, failed("a file was closed"));
    reports.laneFailed(failed("a file was closed"));
    reports.requestSent();
    assertThat(Thread.interrupted()).as("the interruption is left to the lane").isTrue();

    // Another thread of the lane may meet it later, and the lane's thread may have ended by then.
    reports.halted("two", failed("a connection was closed"));
    assertThat(reports.cancelled()).isTrue();
    reports.close();
    assertThat(messages()).containsExactly("before (on worker host-1)");
    assertThat(halts()).containsExactly(List.of("account:one", "before (on worker host-1)"));
    assertThat(watch.requests()).as("a request that was sent is paid for").isEqualTo(1);
    assertThat(watch.hasEnded(0)).isFalse();
  }

  /** An interruption that the thread does not show any more stops no other lane. */
  @Test
  void aLaneThatStopsByItselfStopsNoOther() throws InterruptedException {
    reports.halted(
        null, WindowOutcome.failed("a window", FailureKind.STOPPED, "interrupted in a commit"));
    reports.ended();
    assertThat(halts()).isEmpty();
  }

  /** An end that the board has ordered is reported, window by window. */
  @Test
  @Timeout(60)
  void nothingWaitsForAThreadThatReportsNoMore() throws InterruptedException {
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().equals("reports")) {
        thread.interrupt();
        // What it is about to report when it is interrupted may still be reported.
        thread.join();
      }
    }
    reports.windowEnded(failed("a disk is full"));
    assertThatThrownBy(reports::ended)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("interrupted");
    assertThat(stop.stopped()).isTrue();
  }

  @Test
  void aStopIsReported() throws InterruptedException {
    board.halt(new Halt(null, FailureKind.STOPPED, "", "stopped as requested"));
    reports.obey((account, reason) -> ended.add(reason));
    assertThat(stop.stopped()).isTrue();
    reports.windowEnded(WindowOutcome.failed("a window", FailureKind.STOPPED, "not fetched"));
    reports.ended();
    assertThat(messages()).containsExactly("not fetched");
  }
}
