package fathomexport.cluster;

import fathomexport.run.Budget;
import fathomexport.run.FailureKind;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunListener;
import fathomexport.run.RunSummary;
import fathomexport.run.WindowOutcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The board as the process that was started sees it: it passes on what the workers report, sums it
 * up, and has the workers end when the run is stopped or its time is over. For one thread.
 */
public final class RunWatch {
  private final RunBoard board;
  private final RunEnvironment environment;
  private final Consumer<WindowOutcome> ended;
  private final Budget budget;
  private final long since;
  private final Map<Integer, LaneSum> lanes = new TreeMap<>();
  private final List<Long> processed = new ArrayList<>();

  /** The number of the last event that was passed on, by attempt. */
  private final Map<String, Long> passed = new HashMap<>();

  private long requests;
  private boolean stopping;

  /** Why the run may take no longer; null while it may. */
  private @Nullable String timeIsOver;

  /** When a lane was last under way. */
  private long lastAlive;

  /** The current attempt at a lane. */
  private static final class LaneSum {
    private final String attempt;
    private final String host;
    private RunSummary summary = RunSummary.EMPTY;

    /** What this attempt and earlier ones have committed, which none fetches again. */
    private final EndedWindows committed;

    private final EndedWindows windows;
    private boolean alive = true;

    /** When its worker last showed that it lives. */
    private long aliveAt;

    /** Why the attempt ended before the lane's end; null if it did not. */
    private @Nullable WindowOutcome failure;

    private boolean ended;

    LaneSum(RunBoard.LaneState state, @Nullable LaneSum before, long now) {
      this.aliveAt = now;
      this.attempt = state.attempt();
      this.host = state.host();
      this.committed = before == null ? new EndedWindows() : before.committed;
      this.windows = committed.copy();
    }

    void add(WindowOutcome outcome) {
      summary = summary.plus(RunSummary.of(outcome));
      windows.add(outcome);
      if (outcome.committed()) {
        committed.add(outcome);
      }
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
    this.lastAlive = since;
  }

  /** Counts from now how long no lane has been under way: until now none could begin. */
  public void waitFromNow() {
    lastAlive = environment.time().nanos();
  }

  /** Passes on what is new. */
  public void look() {
    haltIfOver();
    while (takeUpdates() > 0) {
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
    } else if (timeIsOver == null
        && most != null
        && environment.time().nanos() - since >= most.toNanos()) {
      timeIsOver =
          most.toMinutes() == 1
              ? "the minute that the run may take is over"
              : "the " + most.toMinutes() + " minutes that the run may take are over";
      board.halt(new Halt(null, FailureKind.BUDGET, "", timeIsOver));
    }
  }

  private int takeUpdates() {
    RunBoard.Updates updates = board.takeUpdates(List.copyOf(processed), requests);
    processed.clear();
    for (RunBoard.LaneState state : updates.lanes()) {
      LaneSum known = lanes.get(state.lane());
      if (known == null || !known.attempt.equals(state.attempt())) {
        begun(state, known);
      }
    }
    for (RunBoard.Reported event : updates.events()) {
      processed.add(event.id());
      if (event.number() <= passed.getOrDefault(event.attempt(), 0L)) {
        continue;
      }
      passed.put(event.attempt(), event.number());
      LaneSum sum = lanes.get(event.lane());
      pass(event.event(), sum != null && sum.attempt.equals(event.attempt()) ? sum : null);
    }
    for (RunBoard.LaneState state : updates.lanes()) {
      LaneSum sum = lanes.get(state.lane());
      if (sum != null) {
        sum.alive = state.alive();
        sum.aliveAt = state.alive() ? environment.time().nanos() : sum.aliveAt;
        sum.ended = state.ended();
      }
    }
    if (updates.lanes().stream().anyMatch(state -> state.alive() && !state.ended())) {
      lastAlive = environment.time().nanos();
    }
    return updates.events().size();
  }

  private void begun(RunBoard.LaneState state, @Nullable LaneSum before) {
    lanes.put(state.lane(), new LaneSum(state, before, environment.time().nanos()));
    String lane = "lane " + (state.lane() + 1);
    if (before == null) {
      environment.listener().underWay(lane + " begins on worker " + state.host());
    } else {
      environment
          .listener()
          .notice(
              lane
                  + " begins again on worker "
                  + state.host()
                  // A cluster begins all lanes again if it has lost one of their workers.
                  + (before.host.equals(state.host()) ? "" : "; it was on worker " + before.host));
    }
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
        sum.add(before.outcome());
      }
    } else if (event instanceof WorkerEvent.Failed failed) {
      if (sum != null) {
        sum.failure = failed.why();
        sum.add(failed.why());
        ended.accept(failed.why());
      }
    } else if (event instanceof WorkerEvent.Ended window && sum != null) {
      sum.add(window.outcome());
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

  /** Returns the windows of a lane that have ended, as far as that was reported. */
  public EndedWindows ended(int lane) {
    LaneSum sum = lanes.get(lane);
    return sum == null ? new EndedWindows() : sum.windows;
  }

  /** Returns how long no lane has been under way: none has begun, or their workers are lost. */
  public Duration idle() {
    return Duration.ofNanos(environment.time().nanos() - lastAlive);
  }

  /** Returns the number of these lanes that have neither ended nor a worker that lives. */
  public long waiting(Collection<Integer> numbers) {
    return numbers.stream().filter(this::waits).count();
  }

  /** Returns the number of these lanes that had begun and whose workers no longer live. */
  public long lost(Collection<Integer> numbers) {
    return numbers.stream().filter(lane -> lanes.containsKey(lane) && waits(lane)).count();
  }

  /**
   * Returns the lanes that had begun and whose workers have not shown for some time that they live,
   * each with its last worker.
   */
  public Map<Integer, String> lostFor(Duration time) {
    long now = environment.time().nanos();
    Map<Integer, String> lost = new TreeMap<>();
    lanes.forEach(
        (lane, sum) -> {
          if (waits(lane) && now - sum.aliveAt >= time.toNanos()) {
            lost.put(lane, sum.host);
          }
        });
    return lost;
  }

  /**
   * Returns why the run may take no longer, if its time is over and no lane has been under way for
   * some time, whose worker would end it; otherwise empty.
   */
  public Optional<String> overWithoutLanes(Duration time) {
    return Optional.ofNullable(timeIsOver).filter(why -> idle().compareTo(time) >= 0);
  }

  private boolean waits(int lane) {
    LaneSum sum = lanes.get(lane);
    return sum == null || (!sum.ended && !sum.alive);
  }

  /** Returns why a lane ended before its last window; empty if it did not. */
  public Optional<WindowOutcome> failure(int lane) {
    return Optional.ofNullable(lanes.get(lane)).map(sum -> sum.failure);
  }

  /** Returns whether a worker is done with a lane, whatever became of its windows. */
  public boolean hasEnded(int lane) {
    LaneSum sum = lanes.get(lane);
    return sum != null && sum.ended;
  }
}
