package fathomexport.window;

import fathomexport.fetch.WindowFetcher;
import fathomexport.plan.FetchTask;
import fathomexport.report.SiteId;
import fathomexport.run.ExportFailedException;
import fathomexport.run.FailureKind;
import fathomexport.run.WindowOutcome;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches the tasks of a lane in order, on a thread of its own and one piece ahead: while a window
 * is typed and committed, the next is on its way.
 */
final class LaneFetch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LaneFetch.class);

  /** What fetching a piece of a task came to. */
  sealed interface Result {
    /**
     * A piece has come.
     *
     * @param last whether the task has no further one
     */
    record Came(WindowFetcher.Piece piece, boolean last) implements Result {
      @Override
      public Result after(long inVain) {
        return new Came(piece.after(inVain), last);
      }
    }

    /**
     * No further piece comes.
     *
     * @param left what has not come of the task
     * @param requests billed requests that this took in vain
     */
    record Nothing(FetchTask left, WindowOutcome why, long requests) implements Result {
      @Override
      public Result after(long inVain) {
        return new Nothing(left, why, inVain + requests);
      }
    }

    /**
     * Nothing for now: another turn at the end of the lane may bring what is missing.
     *
     * @param left what has not come of the task
     * @param counts whether it was a turn of the task's own, or nothing could be fetched at all
     * @param requests billed requests that this took in vain
     */
    record Later(FetchTask left, WindowOutcome why, boolean counts, long requests)
        implements Result {
      /** The same, when no other turn is left. */
      Nothing nothing() {
        return new Nothing(left, why, requests);
      }

      @Override
      public Result after(long inVain) {
        return new Later(left, why, counts, inVain + requests);
      }
    }

    /** The same, with what earlier turns of the task took in vain. */
    Result after(long inVain);

    /** Whether the task has no further piece. */
    default boolean ends() {
      return !(this instanceof Came came) || came.last();
    }
  }

  /** A task's pieces, one after the other, until one {@link Result#ends}. */
  interface Pieces {
    Result next();
  }

  /** Turns that a task gets, but for those in which nothing could be fetched at all. */
  private static final int TURNS_OF_A_TASK = 2;

  private final Function<FetchTask, Pieces> fetch;
  private final Predicate<SiteId> comesLast;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          work -> {
            Thread one = new Thread(work, "fetch");
            one.setDaemon(true);
            return one;
          });

  // Of the lane's own thread alone.
  private final Deque<Turn> queue = new ArrayDeque<>();
  private @Nullable Pieces pieces;
  private int turn;
  private long inVain;

  private Future<Optional<Result>> coming;

  /**
   * A task in the queue.
   *
   * @param number 1 the first time
   * @param inVain billed requests that the turns before took without bringing anything
   */
  private record Turn(FetchTask task, int number, long inVain) {}

  LaneFetch(Lane lane, RunContext run) {
    this(
        lane,
        task -> new TaskFetch(run, task),
        site -> run.mayReorder() && run.failures().isTroubled(site));
  }

  /**
   * Begins at once.
   *
   * @param comesLast the sites whose tasks come when no others are left
   */
  LaneFetch(Lane lane, Function<FetchTask, Pieces> fetch, Predicate<SiteId> comesLast) {
    this.fetch = fetch;
    this.comesLast = comesLast;
    lane.tasks().forEach(task -> queue.add(new Turn(task, 1, 0)));
    this.coming = thread.submit(this::ahead);
  }

  /**
   * Waits for the next piece, or for why none comes, and has the one behind it fetched. Empty at
   * the lane's end.
   */
  Optional<Result> next() {
    try {
      Optional<Result> come = coming.get();
      if (come.isPresent()) {
        coming = thread.submit(this::ahead);
      }
      return come;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ExportFailedException(FailureKind.STOPPED, "interrupted in a wait for rows", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("fetching failed outside its own reporting", e.getCause());
    }
  }

  private Optional<Result> ahead() {
    while (true) {
      Pieces from = pieces;
      if (from == null) {
        Turn next = take();
        if (next == null) {
          return Optional.empty();
        }
        turn = next.number();
        inVain = next.inVain();
        from = fetch.apply(next.task());
      }
      Result result = from.next().after(inVain);
      inVain = 0;
      pieces = result.ends() ? null : from;
      if (!(result instanceof Result.Later later)) {
        return Optional.of(result);
      }
      if (!putBehind(later)) {
        return Optional.of(later.nothing());
      }
    }
  }

  /** The next task; null at the end. Tasks of a site stay in their order. */
  private @Nullable Turn take() {
    for (Iterator<Turn> each = queue.iterator(); each.hasNext(); ) {
      Turn next = each.next();
      if (!comesLast.test(next.task().site().id())) {
        each.remove();
        return next;
      }
    }
    return queue.poll();
  }

  /**
   * Gives a task and all that is still to be asked of its site another turn behind everything else,
   * in the same order: a site's control comes before the rows that need it.
   *
   * @return false when it has had its turns
   */
  private boolean putBehind(Result.Later later) {
    int turns = turn + (later.counts() ? 1 : 0);
    if (turns > TURNS_OF_A_TASK) {
      return false;
    }
    LOG.warn("{}: put behind: {}", later.left(), later.why().message());
    SiteId site = later.left().site().id();
    List<Turn> behind = new ArrayList<>(List.of(new Turn(later.left(), turns, later.requests())));
    for (Iterator<Turn> each = queue.iterator(); each.hasNext(); ) {
      Turn next = each.next();
      if (next.task().site().id().equals(site)) {
        behind.add(next);
        each.remove();
      }
    }
    queue.addAll(behind);
    return true;
  }

  @Override
  public void close() {
    // What is under way ends by the run's stop signal or deadline; its spilled rows go with the
    // directory.
    thread.shutdownNow();
  }
}
