package fathomexport.cluster;

import fathomexport.api.PaidAnswers;
import fathomexport.api.pacing.StopSignal;
import fathomexport.run.FailureKind;
import fathomexport.run.RunListener;
import fathomexport.run.WindowOutcome;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A worker's side of the board, for one attempt at a lane: a thread reports what happens as soon as
 * it happens, and asks each second what ends the run. Thread-safe.
 */
public final class WorkerReports implements RunListener, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(WorkerReports.class);
  private static final Duration POLL = Duration.ofSeconds(1);

  private final RunBoard board;
  private final int lane;
  private final String attempt;
  private final String host;
  private final StopSignal stop;
  private final Thread exporting = Thread.currentThread();
  private final Thread thread = new Thread(this::work, "reports");

  // Guarded by this.
  private final List<WorkerEvent> events = new ArrayList<>();
  private final List<Halt> halts = new ArrayList<>();
  private @Nullable BiConsumer<@Nullable String, WindowOutcome> obeying;
  private @Nullable RuntimeException failure;
  private boolean working;
  private boolean cancelled;

  /** Number of events that are stored. Used only by the thread. */
  private long stored;

  private boolean closing;

  private WorkerReports(RunBoard board, int lane, String attempt, String host, StopSignal stop) {
    this.board = board;
    this.lane = lane;
    this.attempt = attempt;
    this.host = host;
    this.stop = stop;
    thread.setDaemon(true);
  }

  /**
   * Begins an attempt at a lane, which this thread exports.
   *
   * @param stop is set when the worker has to end at once
   * @return null if the run is over
   */
  public static @Nullable WorkerReports begin(
      RunBoard board, int lane, String host, StopSignal stop) {
    String attempt = UUID.randomUUID().toString();
    if (!board.beginLane(lane, attempt, host)) {
      return null;
    }
    WorkerReports reports = new WorkerReports(board, lane, attempt, host, stop);
    reports.thread.start();
    return reports;
  }

  /**
   * Passes on the reasons to end the run, or to end the queries about an account: those that there
   * are, and each that comes.
   *
   * @param halting takes the account, null for the whole run, and the reason
   */
  public void obey(BiConsumer<@Nullable String, WindowOutcome> halting) {
    obey(board.standing(lane, attempt), halting);
    synchronized (this) {
      obeying = halting;
    }
  }

  /**
   * Returns the answers that earlier attempts at the lane have kept, for this one.
   *
   * @param age if the last of them ended longer ago, its answers are of no use
   */
  public PaidAnswers answers(Duration age) {
    return board.answers(lane, attempt, age);
  }

  /**
   * Waits until all is reported, and ends the lane.
   *
   * @throws RuntimeException if the board could not be reached
   */
  public void ended() throws InterruptedException {
    synchronized (this) {
      while (failure == null && (working || !events.isEmpty() || !halts.isEmpty())) {
        wait();
      }
      if (failure != null) {
        throw failure;
      }
    }
    board.endLane(lane, attempt);
  }

  /**
   * Returns whether the cluster has cancelled the lane: it interrupts the thread that exports it,
   * and begins the lane again. What such a lane meets, on this thread or on another, is no failure
   * of the run, and is not reported as one.
   */
  public synchronized boolean cancelled() {
    cancelled = cancelled || exporting.isInterrupted();
    return cancelled;
  }

  private void work() {
    try {
      while (next()) {
        synchronized (this) {
          working = false;
          notifyAll();
        }
      }
    } catch (RuntimeException e) {
      ended(e);
    } catch (Error e) {
      ended(new IllegalStateException("the worker cannot report: " + e, e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      ended(new IllegalStateException("the thread that reports was interrupted", e));
    }
  }

  /** Ends the lane, which cannot report any more, so that its thread does not wait for that. */
  private void ended(RuntimeException why) {
    LOG.error("lane {} cannot report to the process that was started", lane, why);
    stop.stop();
    synchronized (this) {
      failure = why;
      working = false;
      notifyAll();
    }
  }

  private boolean next() throws InterruptedException {
    List<WorkerEvent> reported;
    List<Halt> halted;
    BiConsumer<@Nullable String, WindowOutcome> halting;
    synchronized (this) {
      long end = System.nanoTime() + POLL.toNanos();
      for (long left = POLL.toMillis();
          left > 0 && events.isEmpty() && halts.isEmpty() && !closing;
          left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime())) {
        wait(left);
      }
      if (events.isEmpty() && halts.isEmpty() && closing) {
        return false;
      }
      reported = List.copyOf(events);
      halted = List.copyOf(halts);
      events.clear();
      halts.clear();
      halting = obeying;
      working = true;
    }
    if (!reported.isEmpty()) {
      board.report(lane, attempt, stored, reported);
      stored += reported.size();
    }
    halted.forEach(halt -> board.halt(halt, lane, attempt));
    RunBoard.Standing standing = board.standing(lane, attempt);
    if (halting != null) {
      obey(standing, halting);
    }
    return true;
  }

  private void obey(
      RunBoard.Standing standing, BiConsumer<@Nullable String, WindowOutcome> halting) {
    if (standing.over() || standing.replaced()) {
      halting.accept(
          null,
          WindowOutcome.failed(
              "",
              FailureKind.TRY_LATER,
              standing.over()
                  ? "the process that started the run is gone"
                  : "another worker has begun the lane again"));
      stop.stop();
    }
    for (Halt halt : standing.halts()) {
      if (halt.kind() == FailureKind.STOPPED) {
        stop.stop();
      } else {
        halting.accept(halt.account(), halt.reason());
      }
    }
  }

  private synchronized void add(WorkerEvent event) {
    events.add(event);
    notifyAll();
  }

  @Override
  public void requestSent() {
    add(new WorkerEvent.Sent());
  }

  @Override
  public void limited() {
    add(new WorkerEvent.Limited());
  }

  @Override
  public void waitingLong(Instant until, String reason) {
    add(new WorkerEvent.LongWait(until, reason));
  }

  @Override
  public void notice(String message) {
    add(new WorkerEvent.Notice(message));
  }

  @Override
  public void rowsFetched(long rows) {
    add(new WorkerEvent.Rows(rows));
  }

  @Override
  public void windowEnded(WindowOutcome outcome) {
    if (outcome.failure() == null || isOwn(outcome)) {
      add(new WorkerEvent.Ended(outcome.on(host)));
    }
  }

  /** Reports why the lane ends before its end. */
  public void laneFailed(WindowOutcome why) {
    if (isOwn(why)) {
      add(new WorkerEvent.Failed(why.on(host)));
    }
  }

  @Override
  public void windowEndedBefore(WindowOutcome outcome) {
    add(new WorkerEvent.EndedBefore(outcome));
  }

  @Override
  public synchronized void halted(@Nullable String account, WindowOutcome reason) {
    // A worker is stopped through the board alone. A lane that stops by itself was interrupted,
    // even if its thread does not show that any more.
    if (reason.failure() != FailureKind.STOPPED && isOwn(reason)) {
      halts.add(Halt.of(account, reason.on(host)));
      notifyAll();
    }
  }

  /** Returns whether a failure is not one of a cancelled lane. */
  private boolean isOwn(WindowOutcome failure) {
    if (cancelled()) {
      LOG.info(
          "lane {} is cancelled by the cluster, and does not report: {}", lane, failure.message());
      return false;
    }
    return true;
  }

  /**
   * Ends the thread, which first reports what it still has. What is not reported within a second is
   * lost.
   */
  @Override
  public void close() {
    synchronized (this) {
      closing = true;
      notifyAll();
    }
    // A lane that the cluster cancels waits for what it has reported before, too.
    boolean interrupted = cancelled() && Thread.interrupted();
    try {
      thread.join(POLL.toMillis());
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
