package fathomexport.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import fathomexport.api.pacing.StopSignal;
import fathomexport.ledger.LedgerException;
import fathomexport.run.Budget;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunListener;
import fathomexport.testing.JumpingTime;
import fathomexport.testing.TestDatabase;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The tables through which the processes of a run report to each other. */
class RunBoardTest {
  private static final List<Integer> LANES = List.of(0, 1);

  private final JumpingTime time = new JumpingTime(Instant.parse("2025-10-02T14:00:00Z"));
  private final List<String> steps = new ArrayList<>();
  private final List<String> notices = new ArrayList<>();
  private TestDatabase database;
  private RunBoard board;
  private RunWatch watch;

  @BeforeEach
  void begin() {
    database = TestDatabase.migrated();
    board = TestBoard.begun(database);
    RunListener listener =
        new RunListener() {
          @Override
          public void underWay(String message) {
            steps.add(message);
          }

          @Override
          public void notice(String message) {
            notices.add(message);
          }
        };
    watch =
        new RunWatch(
            board,
            new RunEnvironment(database.environment(), time, new StopSignal(), listener),
            Budget.UNLIMITED,
            outcome -> {});
  }

  @AfterEach
  void end() {
    board.end();
    board.close();
    database.close();
  }

  private void pass(Duration length) {
    time.pass(length);
    watch.look();
  }

  /** Two projects may share a database for the quota, and both call their pipeline nightly. */
  @Test
  void anotherRunOfAPipelineOfTheSameNameLeavesThisOneAlone() {
    assertThat(board.beginLane(0, "first", "host-1")).isTrue();
    try (RunBoard other = TestBoard.begun(database, "run-2")) {
      assertThat(board.standing(0, "first").over()).isFalse();
      watch.look();
      other.end();
    }
    assertThat(board.standing(0, "first").over()).isFalse();
    watch.look();
  }

  /** Its workers end then, so that waiting for them would be waiting for nothing. */
  @Test
  void aRunThatIsGoneFromTheBoardSaysSo() {
    board.beginLane(0, "first", "host-1");
    watch.look();
    database.execute("DELETE FROM fathom_ops.cluster_run");

    assertThatThrownBy(watch::look)
        .isInstanceOf(LedgerException.class)
        .hasMessageContaining("run run-1 is no longer in the table fathom_ops.cluster_run");
  }

  /** The statement that stores events is repeated if its reply is lost. */
  @Test
  void anEventThatIsStoredTwiceCountsOnce() {
    assertThat(board.beginLane(0, "first", "host-1")).isTrue();
    List<WorkerEvent> two = List.of(new WorkerEvent.Sent(), new WorkerEvent.Sent());
    board.report(0, "first", 0, two);
    board.report(0, "first", 0, two);
    watch.look();
    assertThat(watch.requests()).isEqualTo(2);

    board.report(0, "first", 2, List.of(new WorkerEvent.Sent()));
    watch.look();
    board.report(0, "first", 2, List.of(new WorkerEvent.Sent()));
    watch.look();
    assertThat(watch.requests()).as("also if it was read in between").isEqualTo(3);

    assertThat(board.beginLane(0, "second", "host-2")).isTrue();
    board.report(0, "second", 0, List.of(new WorkerEvent.Sent()));
    watch.look();
    assertThat(watch.requests()).as("another attempt counts from 1").isEqualTo(4);
    assertThat(database.query("SELECT 1 FROM fathom_ops.cluster_event")).isEmpty();
  }

  @Test
  void aLaneIsUnderWayWhileItsWorkerShowsThatItLives() {
    pass(Duration.ofMinutes(9));
    watch.waitFromNow();
    assertThat(watch.idle()).as("no lane could begin before").isZero();
    pass(Duration.ofMinutes(4));
    assertThat(watch.idle()).isEqualTo(Duration.ofMinutes(4));
    assertThat(watch.waiting(LANES)).isEqualTo(2);

    board.beginLane(0, "first", "host-1");
    pass(Duration.ofMinutes(1));
    assertThat(watch.idle()).isZero();
    assertThat(watch.waiting(LANES)).isEqualTo(1);
    assertThat(steps).containsExactly("lane 1 begins on worker host-1");

    database.execute("UPDATE fathom_ops.cluster_lane SET seen_at = now() - interval '1 minute'");
    pass(Duration.ofMinutes(2));
    assertThat(watch.idle()).as("its worker is lost").isEqualTo(Duration.ofMinutes(2));
    assertThat(watch.waiting(LANES)).isEqualTo(2);
    assertThat(watch.lost(LANES)).isEqualTo(1);

    board.standing(0, "first");
    pass(Duration.ofMinutes(1));
    assertThat(watch.idle()).as("or was only cut off").isZero();

    board.endLane(0, "first");
    pass(Duration.ofMinutes(3));
    assertThat(watch.idle()).as("only the other lane is left").isEqualTo(Duration.ofMinutes(3));
    assertThat(watch.waiting(LANES)).isEqualTo(1);
  }

  @Test
  void aLaneWhoseWorkerIsLostIsNamedWhileAnotherIsUnderWay() {
    board.beginLane(0, "first", "host-1");
    board.beginLane(1, "first", "host-2");
    pass(Duration.ofSeconds(1));
    database.execute(
        "UPDATE fathom_ops.cluster_lane SET seen_at = now() - interval '1 minute' WHERE lane = 1");
    pass(Duration.ofSeconds(9));
    assertThat(watch.lostFor(Duration.ofSeconds(10))).isEmpty();
    pass(Duration.ofSeconds(1));
    assertThat(watch.idle()).isZero();
    assertThat(watch.lostFor(Duration.ofSeconds(10))).containsExactly(Map.entry(1, "host-2"));
    board.beginLane(1, "second", "host-1");
    watch.look();
    assertThat(watch.lostFor(Duration.ofSeconds(10))).isEmpty();
  }

  /** There is no worker that could obey. */
  @Test
  void theTimeOfARunEndsAlsoWithoutALane() {
    RunWatch hasty =
        new RunWatch(
            board,
            new RunEnvironment(database.environment(), time, new StopSignal(), RunListener.NONE),
            new Budget(null, Duration.ofMinutes(2)),
            outcome -> {});
    time.pass(Duration.ofSeconds(119));
    hasty.look();
    assertThat(hasty.overWithoutLanes(Duration.ofSeconds(10))).isEmpty();
    time.pass(Duration.ofSeconds(1));
    hasty.look();
    assertThat(hasty.overWithoutLanes(Duration.ofSeconds(10)))
        .contains("the 2 minutes that the run may take are over");
    board.beginLane(0, "first", "host-1");
    hasty.look();
    assertThat(hasty.overWithoutLanes(Duration.ofSeconds(10))).as("its worker ends it").isEmpty();
  }

  /** If one worker is lost, the cluster begins the lanes of the others again, too. */
  @Test
  void aLaneThatBeginsAgainWhereItWasIsNotCalledLost() {
    board.beginLane(0, "first", "host-1");
    board.beginLane(1, "first", "host-2");
    watch.look();
    board.beginLane(0, "second", "host-1");
    board.beginLane(1, "second", "host-1");
    watch.look();
    assertThat(notices)
        .containsExactly(
            "lane 1 begins again on worker host-1",
            "lane 2 begins again on worker host-1; it was on worker host-2");
  }

  /** What it had heard of is removed from the events, and what it had not is still there. */
  @Test
  void theRequestsOfAKilledRunAreKnown() {
    board.beginLane(0, "first", "host-1");
    List<WorkerEvent> two = List.of(new WorkerEvent.Sent(), new WorkerEvent.Sent());
    board.report(0, "first", 0, two);
    watch.look();
    board.report(0, "first", 2, two);
    watch.look();
    List<WorkerEvent> later = List.of(new WorkerEvent.Sent(), new WorkerEvent.Rows(5));
    board.report(0, "first", 4, later);
    board.report(0, "first", 4, later);
    assertThat(board.requestsOfKilled()).isEqualTo(5);
  }

  /** If the reply is lost, nobody knows whether the request was given back. */
  @Test
  void aRequestIsGivenBackAtMostOnce() {
    assertThat(board.tally("").take(2)).isTrue();
    assertThat(board.tally("").take(2)).isTrue();
    database.executeAsSuperuser(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"
            + database.name()
            + "' AND application_name = 'fathom-export'");
    board.tally("").giveBack();
    assertThat(board.tally("").taken()).as("rather too many than too few").isEqualTo(2);
    board.tally("").giveBack();
    assertThat(board.tally("").taken()).isEqualTo(1);
  }

  @Test
  void eachAccountHasItsBudget() {
    assertThat(board.tally("one").taken()).isZero();
    assertThat(board.tally("one").take(2)).isTrue();
    assertThat(board.tally("one").take(2)).isTrue();
    assertThat(board.tally("one").take(2)).isFalse();
    assertThat(board.tally("one").taken()).isEqualTo(2);
    assertThat(board.tally("two").take(1)).isTrue();
    board.end();
    assertThat(board.tally("two").take(9)).as("after the end of the run").isFalse();
  }
}
