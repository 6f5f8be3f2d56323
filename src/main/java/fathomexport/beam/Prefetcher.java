package fathomexport.beam;

import fathomexport.fetch.Fetched;
import fathomexport.fetch.WindowFetcher;
import fathomexport.plan.FetchTask;
import fathomexport.report.SiteId;
import fathomexport.run.FailureKind;
import fathomexport.run.WindowOutcome;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches each lane on a thread of its own, one piece ahead of the runner: while a window is typed
 * and committed, the next is on its way, and while the quota is waited for, the runner's thread
 * sleeps.
 */
final class Prefetcher implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Prefetcher.class);

  /** What fetching a piece of a task came to: rows, or why there are none. */
  sealed interface Result {
    /**
     * @param last whether the task has no further piece
     */
    record Rows(Fetched fetched, boolean last) implements Result {
      @Override
      public Result after(long inVain) {
        return new Rows(fetched.after(inVain), last);
      }
    }

    /**
     * Stored periods that the control confirms.
     *
     * @param last whether the task has no further piece
     */
    record Confirmed(WindowFetcher.Piece.Confirmed periods, boolean last) implements Result {
      @Override
      public Result after(long inVain) {
        return new Confirmed(periods.after(inVain), last);
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
    public Result after(long inVain);

    /** Whether the task has no further piece. */
    default boolean ends() {
      return this instanceof Rows rows
          ? rows.last()
          : !(this instanceof Confirmed confirmed) || confirmed.last();
    }
  }

  /** A task's pieces, one after the other, until one {@link Result#ends}. */
  interface Pieces {
    Result next();
  }

  /**
   * A piece in its place.
   *
   * @param offset of the lane: grows with each piece, in steps or leaps
   */
  record Placed(long offset, Result result) {}

  /** More than any task has. */
  private static final long PIECES = 1L << 20;

  /** More turns than any lane has: its tasks may come more than once. */
  private static final long TURNS = 1L << 30;

  /** Turns that a task gets, but for those in which nothing could be fetched at all. */
  private static final int TURNS_OF_A_TASK = 2;

  private final Function<FetchTask, Pieces> fetch;
  private final Map<Integer, Walk> lanes = new HashMap<>();

  Prefetcher(Function<FetchTask, Pieces> fetch) {
    this.fetch = fetch;
  }

  /** The offset behind all pieces of a lane; they begin at 0. */
  static long end(Lane lane) {
    return lane.tasks().isEmpty() ? 0 : TURNS * PIECES;
  }

  /** Begins these lanes, in place of those that have ended, before the runner asks for them. */
  void begin(List<Lane> plan) {
    close();
    plan.forEach(
        lane -> {
          var unused = walk(lane).begin(0);
        });
  }

  /**
   * The first piece at an offset or behind it; empty at the lane's end. Gives the same again until
   * it is {@link #taken}.
   */
  Optional<Placed> at(Lane lane, long offset) {
    Future<Optional<Placed>> coming = walk(lane).begin(offset);
    try {
      return coming.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      FetchTask task = walk(lane).task();
      return Optional.of(
          new Placed(
              offset,
              new Result.Nothing(
                  task,
                  WindowOutcome.failed("", FailureKind.STOPPED, "the run was interrupted"),
                  0)));
    } catch (ExecutionException e) {
      throw new IllegalStateException("fetching failed outside its own reporting", e.getCause());
    }
  }

  /** Goes on behind a piece. */
  void taken(Lane lane, Placed piece) {
    walk(lane).goOn(piece.offset() + 1);
  }

  private synchronized Walk walk(Lane lane) {
    return lanes.computeIfAbsent(lane.number(), n -> new Walk(lane));
  }

  @Override
  public synchronized void close() {
    // What is under way ends by the run's stop signal or deadline; its spilled rows go with the
    // directory.
    lanes.values().forEach(walk -> walk.executor.shutdownNow());
    lanes.clear();
  }

  /** One lane on its way. */
  private final class Walk {
    private final ExecutorService executor =
        Executors.newSingleThreadExecutor(
            work -> {
              Thread thread = new Thread(work, "fetch");
              thread.setDaemon(true);
              return thread;
            });

    private @Nullable Future<Optional<Placed>> coming;

    // Of the lane's thread alone, but for what a reader of the task that it is at may see:
    private final Deque<Turn> queue = new ArrayDeque<>();
    private volatile @Nullable Turn current;
    private int position = -1;
    private @Nullable Pieces pieces;
    private long inVain;

    Walk(Lane lane) {
      lane.tasks().forEach(task -> queue.add(new Turn(task, 1, 0)));
      this.current = queue.peek();
    }

    /** The task that is fetched now. */
    FetchTask task() {
      return Objects.requireNonNull(current, "a lane without tasks").task();
    }

    synchronized Future<Optional<Placed>> begin(long offset) {
      Future<Optional<Placed>> before = coming;
      if (before != null) {
        return before;
      }
      Future<Optional<Placed>> next = executor.submit(() -> next(offset));
      coming = next;
      return next;
    }

    synchronized void goOn(long offset) {
      coming = null;
      var unused = begin(offset);
    }

    private Optional<Placed> next(long offset) {
      int at = Math.toIntExact(offset / PIECES);
      long piece = offset % PIECES;
      if (at == position && pieces == null) {
        // The task has ended with the piece before.
        at++;
        piece = 0;
      }
      while (true) {
        Pieces from = pieces;
        if (at != position || from == null) {
          // Also within a task that another worker had begun: what it has committed is so again.
          for (; position < at - 1 && !queue.isEmpty(); position++) {
            queue.remove();
          }
          if (queue.isEmpty()) {
            return Optional.empty();
          }
          Turn next = queue.remove();
          current = next;
          from = fetch.apply(next.task());
          inVain = next.inVain();
          position = at;
        }
        Result result = from.next().after(inVain);
        inVain = 0;
        pieces = result.ends() ? null : from;
        if (!(result instanceof Result.Later later)) {
          return Optional.of(new Placed(at * PIECES + piece, result));
        }
        if (!putBehind(later)) {
          return Optional.of(new Placed(at * PIECES + piece, later.nothing()));
        }
        at++;
        piece = 0;
      }
    }

    /**
     * Gives a task and all that is still to be asked of its site another turn behind everything
     * else, in the same order: a site's control comes before the rows that need it.
     *
     * @return false when it has had its turns
     */
    private boolean putBehind(Result.Later later) {
      int turns = Objects.requireNonNull(current).number() + (later.counts() ? 1 : 0);
      if (turns > TURNS_OF_A_TASK) {
        return false;
      }
      LOG.warn("{}: put behind: {}", later.left(), later.why().message());
      SiteId site = later.left().site().id();
      List<Turn> behind = new ArrayList<>(List.of(new Turn(later.left(), turns, later.requests())));
      for (Iterator<Turn> turn = queue.iterator(); turn.hasNext(); ) {
        Turn next = turn.next();
        if (next.task().site().id().equals(site)) {
          behind.add(next);
          turn.remove();
        }
      }
      queue.addAll(behind);
      return true;
    }
  }

  /**
   * A task in a lane's queue.
   *
   * @param number 1 the first time
   * @param inVain billed requests that the turns before took without bringing anything
   */
  private record Turn(FetchTask task, int number, long inVain) {}
}
