package fathomexport.cluster;

import fathomexport.run.Budget;
import fathomexport.run.FailureKind;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunListener;
import fathomexport.run.RunSummary;
import fathomexport.run.WindowOutcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The board as the process that was started sees it: it passes on what the workers report, sums it
 * up, and has the workers end when the run is stopped or its time is over. For one thread.
 */
public final class RunWatch {
  private static final Logger LOG = LoggerFactory.getLogger(RunWatch.class);

  private final RunBoard board;
  private final RunEnvironment environment;
  private final Consumer<WindowOutcome> ended;
  private final Budget budget;
  private final long since;
  private final Map<Integer, LaneSum> lanes = new TreeMap<>();
  private final List<Long> heard = new ArrayList<>();
  private long requests;
  private boolean stopping;
  private boolean timeIsOver;

  /** The current attempt at a lane. */
  private static final class LaneSum {
    private final String attempt;
    private final String host;
    private RunSummary summary = RunSummary.EMPTY;
    private boolean ended;

    LaneSum(String attempt, String host) {
      this.attempt = attempt;
      this.host = host;
    }
  }

  /**
   * Watches from now on.
   *
   * @param ended is given the windows that end
   */
  public RunWatch(
      RunBoard board, RunEnvironment environment, Budget budget, Consumer<WindowOutcome> ended) {
    this.board = board;
    this.environment = environment;
    this.ended = ended;
    this.budget = budget;
    this.since = environment.time().nanos();
  }

  /** Passes on what is new. */
  public void look() {
    haltIfOver();
    while (hear() > 0) {
      // A busy run reports more than is read at once.
    }
  }

  private void haltIfOver() {
    Duration most = budget.time();
    if (environment.stop().stopped()) {
      if (stopping) {
        return;
      }
      stopping = true;
      board.halt(new Halt(null, FailureKind.STOPPED, "", "stopped as requested"));
    } else if (!timeIsOver
        && most != null
        && environment.time().nanos() - since >= most.toNanos()) {
      timeIsOver = true;
      board.halt(
          new Halt(
              null,
              FailureKind.BUDGET,
              "",
              most.toMinutes() == 1
                  ? "the minute that the run may take is over"
                  : "the " + most.toMinutes() + " minutes that the run may take are over"));
    }
  }

  private int hear() {
    RunBoard.News news = board.hear(List.copyOf(heard));
    heard.clear();
    for (RunBoard.LaneState state : news.lanes()) {
      LaneSum known = lanes.get(state.lane());
      if (known == null || !known.attempt.equals(state.attempt())) {
        begun(state, known);
      }
    }
    for (RunBoard.Reported event : news.events()) {
      heard.add(event.id());
      LaneSum sum = lanes.get(event.lane());
      pass(event.event(), sum != null && sum.attempt.equals(event.attempt()) ? sum : null);
    }
    for (RunBoard.LaneState state : news.lanes()) {
      LaneSum sum = lanes.get(state.lane());
      if (sum != null) {
        sum.ended = state.ended();
      }
    }
    return news.events().size();
  }

  private void begun(RunBoard.LaneState state, @Nullable LaneSum before) {
    lanes.put(state.lane(), new LaneSum(state.attempt(), state.host()));
    if (before == null) {
      LOG.info("lane {} begins on worker {}", state.lane() + 1, state.host());
      return;
    }
    environment
        .listener()
        .notice(
            "lane "
                + (state.lane() + 1)
                + " was lost on worker "
                + before.host
                + " and begins again on worker "
                + state.host());
  }

  /**
   * @param sum null if the event is of an attempt that no longer counts
   */
  private void pass(WorkerEvent event, @Nullable LaneSum sum) {
    RunListener listener = environment.listener();
    if (event instanceof WorkerEvent.Sent) {
      requests++;
      listener.requestSent();
    } else if (event instanceof WorkerEvent.Limited) {
      listener.limited();
    } else if (event instanceof WorkerEvent.Rows rows) {
      listener.rowsFetched(rows.rows());
    } else if (event instanceof WorkerEvent.Notice notice) {
      listener.notice(notice.message());
    } else if (event instanceof WorkerEvent.LongWait wait) {
      listener.waitingLong(wait.until(), wait.reason());
    } else if (event instanceof WorkerEvent.EndedBefore before) {
      if (sum != null) {
        sum.summary = sum.summary.plus(RunSummary.of(before.outcome()));
      }
    } else if (event instanceof WorkerEvent.Ended window && sum != null) {
      sum.summary = sum.summary.plus(RunSummary.of(window.outcome()));
      ended.accept(window.outcome());
    }
  }

  /** Returns the sum of what the workers have reported. */
  public RunSummary summary() {
    return RunSummary.sum(lanes.values().stream().map(lane -> lane.summary).toList());
  }

  /** Returns the number of billed requests that the workers have reported. */
  public long requests() {
    return requests;
  }

  /** Returns whether a lane was exported to its end. */
  public boolean hasEnded(int lane) {
    LaneSum sum = lanes.get(lane);
    return sum != null && sum.ended;
  }
}
