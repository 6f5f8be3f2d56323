package fathomexport.window;

import fathomexport.api.FathomClient;
import fathomexport.fetch.WindowFetcher;
import fathomexport.plan.FetchTask;
import fathomexport.report.DayRange;
import fathomexport.report.SiteId;
import fathomexport.run.ExportFailedException;
import fathomexport.run.FailureKind;
import fathomexport.run.WindowOutcome;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches the tasks of a lane in order on a separate thread. In the process that launched the run
 * it is one chunk ahead: while a window is typed and committed, the next is being fetched.
 */
final class LaneFetch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LaneFetch.class);

  /** The result of fetching a chunk of a task. */
  sealed interface Result {
    /**
     * A chunk has been fetched.
     *
     * @param last whether it is the task's last chunk
     */
    record Came(WindowFetcher.Chunk chunk, boolean last) implements Result {
      @Override
      public FetchTask task() {
        return chunk.task();
      }

      @Override
      public Result after(long inVain) {
        return new Came(chunk.after(inVain), last);
      }
    }

    /**
     * No further chunk can be fetched.
     *
     * @param left the part of the task that was not fetched
     * @param why the outcome to report for its windows
     * @param requests billed requests of the failed attempts
     */
    record Nothing(FetchTask left, WindowOutcome why, long requests) implements Result {
      @Override
      public FetchTask task() {
        return left;
      }

      /** Returns the result for the days from this one on. */
      Nothing from(LocalDate first) {
        return new Nothing(left.during(new DayRange(first, left.days().last())), why, requests);
      }

      @Override
      public Result after(long inVain) {
        return new Nothing(left, why, inVain + requests);
      }
    }

    /**
     * The fetch failed for now: another turn at the end of the lane may succeed.
     *
     * @param left the part of the task that was not fetched
     * @param why the outcome to report if no turn is left
     * @param counts whether this counts as a turn of the task; not if nothing could be fetched at
     *     all
     * @param requests billed requests of the failed attempts
     */
    record Later(FetchTask left, WindowOutcome why, boolean counts, long requests)
        implements Result {
      /** Returns the result for a task that has no turn left. */
      Nothing nothing() {
        return new Nothing(left, why, requests);
      }

      @Override
      public FetchTask task() {
        return left;
      }

      @Override
      public Result after(long inVain) {
        return new Later(left, why, counts, inVain + requests);
      }
    }

    /** Returns the part of the task that the result is about. */
    FetchTask task();

    /** Returns a copy that also counts the billed requests of the task's earlier, failed turns. */
    Result after(long inVain);

    /** Returns whether the task has no further chunk. */
    default boolean ends() {
      return !(this instanceof Came came) || came.last();
    }
  }

  /** Fetches a task's chunks one after the other, until a result {@link Result#ends}. */
  interface TaskChunks {
    Result next();
  }

  /** Begins to fetch a task. */
  @FunctionalInterface
  interface Start {
    /**
     * Returns the task's chunks.
     *
     * @param turn the turn of the task, from 1; turns in which nothing could be fetched at all do
     *     not count
     */
    TaskChunks of(FetchTask task, int turn);
  }

  /** The waits that the API asks for with queries about one site. */
  interface Holds {
    /** No site is held. */
    Holds NONE =
        new Holds() {
          @Override
          public Duration left(SiteId site) {
            return Duration.ZERO;
          }

          @Override
          public boolean isWaitedFor(Duration left) {
            return true;
          }

          @Override
          public void await(SiteId site) {}
        };

    /** Returns how long nothing may be sent about a site; zero if it may now. */
    Duration left(SiteId site);

    /** Returns whether the run waits that long when no other site is left. */
    boolean isWaitedFor(Duration left);

    /** Waits until something may be sent about a site, or until the run is stopped. */
    void await(SiteId site) throws InterruptedException;
  }

  /** Turns per task, not counting those in which nothing could be fetched at all. */
  private static final int TURNS_OF_A_TASK = 2;

  private static final Duration LONGEST_END = Duration.ofSeconds(5);

  private final Start fetch;
  private final Predicate<SiteId> comesLast;
  private final Holds holds;
  private final boolean ahead;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          work -> {
            Thread one = new Thread(work, "fetch");
            one.setDaemon(true);
            return one;
          });

  // Used only by the lane's thread.
  private final Deque<Turn> queue = new ArrayDeque<>();
  private @Nullable TaskChunks chunks;
  private int turn;
  private long inVain;

  /** Null while nothing is being fetched. */
  private @Nullable Future<Optional<Result>> coming;

  /**
   * A task in the queue.
   *
   * @param number 1 for the first turn
   * @param inVain billed requests of the earlier, failed turns
   */
  private record Turn(FetchTask task, int number, long inVain) {}

  LaneFetch(Lane lane, RunContext run) {
    this(
        lane,
        (task, number) -> new TaskFetch(run, task, number),
        run.failures()::isTroubled,
        holds(run.client(lane.account())),
        run.fetchesAhead());
  }

  private static Holds holds(FathomClient client) {
    return new Holds() {
      @Override
      public Duration left(SiteId site) {
        return client.heldFor(site);
      }

      @Override
      public boolean isWaitedFor(Duration left) {
        return client.waitsFor(left);
      }

      @Override
      public void await(SiteId site) throws InterruptedException {
        client.awaitHeld(site);
      }
    };
  }

  /** Starts fetching at once, and fetches one chunk ahead. */
  LaneFetch(Lane lane, Start fetch, Predicate<SiteId> comesLast, Holds holds) {
    this(lane, fetch, comesLast, holds, true);
  }

  /**
   * @param comesLast selects the sites whose tasks are fetched when no others are left
   * @param holds the sites whose tasks have to wait
   * @param ahead whether the next chunk is fetched while one is committed; otherwise a chunk is
   *     fetched when it is asked for, so that at most one is lost with the process
   */
  private LaneFetch(
      Lane lane, Start fetch, Predicate<SiteId> comesLast, Holds holds, boolean ahead) {
    this.fetch = fetch;
    this.comesLast = comesLast;
    this.holds = holds;
    lane.tasks().forEach(task -> queue.add(new Turn(task, 1, 0)));
    this.ahead = ahead;
    this.coming = ahead ? thread.submit(this::fetchNext) : null;
  }

  /**
   * Waits for the next chunk, or for the failure that ends a task, and may start fetching the chunk
   * after it. Empty at the lane's end.
   *
   * @throws ExportFailedException if the thread is interrupted
   */
  Optional<Result> next() {
    try {
      Future<Optional<Result>> fetching = coming;
      Optional<Result> come = (fetching == null ? thread.submit(this::fetchNext) : fetching).get();
      coming = ahead && come.isPresent() ? thread.submit(this::fetchNext) : null;
      return come;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ExportFailedException(FailureKind.STOPPED, "interrupted while waiting for rows", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException(
          "fetching failed with an exception that it should have reported", e.getCause());
    }
  }

  private Optional<Result> fetchNext() throws InterruptedException {
    while (true) {
      TaskChunks from = chunks;
      if (from == null) {
        Turn next = take();
        if (next == null) {
          return Optional.empty();
        }
        turn = next.number();
        inVain = next.inVain();
        from = fetch.of(next.task(), turn);
      }
      Result result = from.next().after(inVain);
      inVain = 0;
      chunks = result.ends() ? null : from;
      if (!(result instanceof Result.Later later)) {
        return Optional.of(result);
      }
      if (isInVain(later) || !putBehind(later)) {
        return Optional.of(later.nothing());
      }
    }
  }

  /**
   * Removes the next task from the queue; null at the end. The tasks of a site stay in order. If
   * the API asks to wait for all sites that are left, waits for the first of them.
   */
  private @Nullable Turn take() throws InterruptedException {
    Turn next = first(site -> !isHeld(site) && !comesLast.test(site));
    next = next != null ? next : first(site -> !isHeld(site));
    if (next != null || queue.isEmpty()) {
      return next;
    }
    SiteId site =
        queue.stream().map(LaneFetch::site).min(Comparator.comparing(holds::left)).orElseThrow();
    if (holds.isWaitedFor(holds.left(site))) {
      holds.await(site);
    }
    return first(site::equals);
  }

  private @Nullable Turn first(Predicate<SiteId> which) {
    for (Iterator<Turn> each = queue.iterator(); each.hasNext(); ) {
      Turn next = each.next();
      if (which.test(site(next))) {
        each.remove();
        return next;
      }
    }
    return null;
  }

  private static SiteId site(Turn turn) {
    return turn.task().site().id();
  }

  private boolean isHeld(SiteId site) {
    return holds.left(site).compareTo(Duration.ZERO) > 0;
  }

  /**
   * Returns whether another turn has no use: the API asks to wait for the task's site for longer
   * than the run waits, and nothing else is left that takes this time.
   */
  private boolean isInVain(Result.Later later) {
    Duration left = holds.left(later.left().site().id());
    return !left.isZero()
        && !holds.isWaitedFor(left)
        && queue.stream().map(LaneFetch::site).allMatch(this::isHeld);
  }

  /**
   * Moves a task and all queued tasks of its site to the end of the queue, in the same order: a
   * site's control is queried before the rows that need it.
   *
   * @return false if the task has no turn left
   */
  private boolean putBehind(Result.Later later) {
    int turns = turn + (later.counts() ? 1 : 0);
    if (turns > TURNS_OF_A_TASK) {
      return false;
    }
    LOG.warn(
        "{}: deferred until the other sites of the lane are fetched: {}",
        later.left(),
        later.why().message());
    SiteId site = later.left().site().id();
    List<Turn> behind = new ArrayList<>(List.of(new Turn(later.left(), turns, later.requests())));
    for (Iterator<Turn> each = queue.iterator(); each.hasNext(); ) {
      Turn next = each.next();
      if (site(next).equals(site)) {
        behind.add(next);
        each.remove();
      }
    }
    queue.addAll(behind);
    return true;
  }

  /**
   * Interrupts the fetch that is under way, if there is one, and waits until it has ended, for at
   * most five seconds: the caller then closes the clients and deletes the spilled rows. A longer
   * request ends by its deadline. Does not wait if this thread is interrupted.
   */
  @Override
  public void close() {
    thread.shutdownNow();
    try {
      if (!thread.awaitTermination(LONGEST_END.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.warn("a request of a lane that was given up is still under way");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
