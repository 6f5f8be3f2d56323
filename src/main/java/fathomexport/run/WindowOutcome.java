package fathomexport.run;

import fathomexport.report.SiteId;
import fathomexport.report.Window;
import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * The outcome of a window, or of a chunk of it: a window of many requests is committed in several
 * chunks, each of which is logged with its days. Windows are counted when their last chunk ends.
 *
 * @param window for people: report, slice, days
 * @param failure null if all of it was committed
 * @param message why it failed, in one line; empty if all of it was committed
 * @param changed number of periods whose rows were written
 * @param rows rows of the window that are stored
 * @param quarantined rows that could not be typed
 * @param subject the window; null if there was none yet, such as for a site that could not be read
 * @param requests billed requests of the window, failed ones included; those of a task that fills
 *     several reports count for the first of them
 * @param periods number of periods by certificate status
 * @param site the site that the outcome is about; null if it is about the account
 * @param recordsSkipped unusable records of a list; if there are any, the outcome is about no
 *     window
 * @param escapedCells cells of the stored rows whose text is stored as an escape
 * @param account the account that the outcome is about, if it is about a whole account of several;
 *     otherwise null
 * @param chunk which chunk of the window this is
 * @param queryFailed whether a query of the window's site failed in the run, be it this window's or
 *     one before it
 */
public record WindowOutcome(
    String window,
    @Nullable FailureKind failure,
    String message,
    boolean committed,
    int changed,
    long rows,
    long quarantined,
    @Nullable Window subject,
    long requests,
    Periods periods,
    @Nullable SiteId site,
    long recordsSkipped,
    long escapedCells,
    @Nullable String account,
    ChunkPlace chunk,
    boolean queryFailed)
    implements Serializable {
  /** The beginning of the message of a window that was not fetched because another one failed. */
  public static final String NOT_FETCHED = "not fetched";

  /** The beginning of the message of a window that was not fetched because the run was halted. */
  public static final String HALTED = NOT_FETCHED + ", since the run was halted";

  /** Like {@link #HALTED}, if a query of the window's site had failed before. */
  public static final String HALTED_AFTER_TROUBLE = HALTED + " after a query of its site failed";

  /** The beginning of the message of a window whose lane on a cluster ended before it. */
  public static final String LANE_ENDED = NOT_FETCHED + ", since its lane ended early";

  /** Begins the name of what failed if that is a whole account. */
  private static final String ACCOUNT = "account ";

  /** In the message of what failed on a worker of a cluster, before the worker's name. */
  private static final String ON_WORKER = " (on worker ";

  /** The number of a window's periods by certificate status; zeros if it has no certificates. */
  public record Periods(long certified, long uncertified, long incomplete) implements Serializable {
    public static final Periods NONE = new Periods(0, 0, 0);

    public Periods plus(Periods other) {
      return new Periods(
          certified + other.certified,
          uncertified + other.uncertified,
          incomplete + other.incomplete);
    }
  }

  /**
   * The place of a chunk in its window.
   *
   * @param last whether the window ends with it
   * @param committedBefore whether all chunks before it were committed
   * @param changedBefore whether rows of any chunk before it were written
   * @param failedBefore the most severe failure of the chunks before it; null if none failed
   */
  public record ChunkPlace(
      boolean last,
      boolean committedBefore,
      boolean changedBefore,
      @Nullable FailureKind failedBefore)
      implements Serializable {
    /** A window that is one chunk. */
    public static final ChunkPlace ONLY = new ChunkPlace(true, true, false, null);
  }

  /** Creates an outcome without a window. */
  public WindowOutcome(
      String window,
      @Nullable FailureKind failure,
      String message,
      boolean committed,
      int changed,
      long rows,
      long quarantined) {
    this(
        window,
        failure,
        message,
        committed,
        changed,
        rows,
        quarantined,
        null,
        0,
        Periods.NONE,
        null,
        0,
        0,
        null,
        ChunkPlace.ONLY,
        false);
  }

  public static WindowOutcome failed(String window, FailureKind kind, String message) {
    return new WindowOutcome(window, kind, message, false, 0, 0, 0);
  }

  /** Returns the outcome of an account of several that cannot be asked. */
  public static WindowOutcome failedAccount(String account, FailureKind kind, String message) {
    return new WindowOutcome(
        ACCOUNT + account,
        kind,
        message,
        false,
        0,
        0,
        0,
        null,
        0,
        Periods.NONE,
        null,
        0,
        0,
        account,
        ChunkPlace.ONLY,
        false);
  }

  /**
   * Returns the outcome of an unusable record of a list of sites, which is skipped.
   *
   * @param what the record, and why it is unusable
   */
  public static WindowOutcome skippedSite(String what) {
    return skippedRecord("sites of the account", "skipping a record of /sites: " + what);
  }

  private static WindowOutcome skippedRecord(String list, String message) {
    return new WindowOutcome(
        list,
        FailureKind.INCOMPLETE,
        message,
        false,
        0,
        0,
        0,
        null,
        0,
        Periods.NONE,
        null,
        1,
        0,
        null,
        ChunkPlace.ONLY,
        false);
  }

  /** Returns the same outcome, for this site. */
  public WindowOutcome about(SiteId whose) {
    return copy(window, subject, requests, periods, whose, escapedCells, chunk, queryFailed);
  }

  /** Returns the same outcome, for this window and with its number of requests. */
  public WindowOutcome about(Window exported, long requestsTaken) {
    return copy(
        exported.toString(),
        exported,
        requestsTaken,
        periods,
        exported.slice().site(),
        escapedCells,
        chunk,
        queryFailed);
  }

  /** Returns the same outcome with the status counts of its periods. */
  public WindowOutcome with(Periods sure) {
    return copy(window, subject, requests, sure, site, escapedCells, chunk, queryFailed);
  }

  /** Returns whether a message of a run is about a whole account that could not be asked. */
  public static boolean isOfAccount(String message) {
    return message.startsWith(ACCOUNT);
  }

  /** Returns whether a message of a run says that this account could not be asked. */
  public static boolean isOf(String account, String message) {
    return message.startsWith(ACCOUNT + account + ": ");
  }

  /** Returns whether the message of an outcome names a worker of a cluster. */
  public static boolean isOnWorker(String message) {
    return message.contains(ON_WORKER);
  }

  /**
   * Returns the same outcome, with the name of the worker in its message if what is wrong may be
   * that of its machine or process.
   */
  public WindowOutcome on(String worker) {
    if (failure == null || message.startsWith(NOT_FETCHED)) {
      return this;
    }
    return switch (failure) {
      case CONFIGURATION, PERMISSION, FAULT, STORAGE, TRY_LATER ->
          new WindowOutcome(
              window,
              failure,
              message + ON_WORKER + worker + ")",
              committed,
              changed,
              rows,
              quarantined,
              subject,
              requests,
              periods,
              site,
              recordsSkipped,
              escapedCells,
              account,
              chunk,
              queryFailed);
      case BUDGET, INCOMPLETE, STOPPED -> this;
    };
  }

  /** Returns the same outcome, saying whether a query of its site failed in the run. */
  public WindowOutcome withFailedQuery(boolean failed) {
    return copy(window, subject, requests, periods, site, escapedCells, chunk, failed);
  }

  /** Returns the same outcome with this number of cells that are stored as escapes. */
  public WindowOutcome escaping(long cells) {
    return copy(window, subject, requests, periods, site, cells, chunk, queryFailed);
  }

  /** Returns the same outcome, of this chunk of its window. */
  public WindowOutcome as(ChunkPlace which) {
    return copy(window, subject, requests, periods, site, escapedCells, which, queryFailed);
  }

  /** Returns the place of the chunk after this one, which may not be the last one. */
  public ChunkPlace next() {
    return new ChunkPlace(
        false,
        chunk.committedBefore() && committed,
        chunk.changedBefore() || changed > 0,
        worst(chunk.failedBefore(), failure));
  }

  /** Returns whether a window ends with this outcome. */
  public boolean endsWindow() {
    return subject != null && chunk.last();
  }

  /** Returns whether this outcome ends what was committed as a whole. */
  public boolean endsCommitted() {
    return chunk.last() && committed && chunk.committedBefore();
  }

  /** Returns whether this outcome ends what was committed, and no row of it was written. */
  public boolean endsUnchanged() {
    return endsCommitted() && changed == 0 && !chunk.changedBefore();
  }

  /** Returns why what ends with this outcome failed: the most severe failure of its chunks. */
  public @Nullable FailureKind endsFailed() {
    return chunk.last() ? worst(chunk.failedBefore(), failure) : null;
  }

  /**
   * Returns whether what ends with this outcome is left to another run: it was stopped, its budget
   * was spent, or what failed elsewhere ended the run or its account before it. A window of which
   * something failed itself is not left.
   */
  public boolean endsLeft() {
    FailureKind ends = endsFailed();
    return ends == FailureKind.STOPPED
        || ends == FailureKind.BUDGET
        || (ends != null && chunk.failedBefore() == null && Left.isLeft(this));
  }

  private static @Nullable FailureKind worst(@Nullable FailureKind a, @Nullable FailureKind b) {
    return a == null || (b != null && b.compareTo(a) < 0) ? b : a;
  }

  private WindowOutcome copy(
      String name,
      @Nullable Window of,
      long requestsTaken,
      Periods sure,
      @Nullable SiteId whose,
      long cells,
      ChunkPlace at,
      boolean failed) {
    return new WindowOutcome(
        name,
        failure,
        message,
        committed,
        changed,
        rows,
        quarantined,
        of,
        requestsTaken,
        sure,
        whose,
        recordsSkipped,
        cells,
        account,
        at,
        failed);
  }
}
