package fathomexport.run;

import fathomexport.report.SiteId;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The outcomes of a run's windows, summed. Summaries of parts can be merged in any order.
 *
 * @param windows windows that ended, successful or not
 * @param failures number of failures by kind, windows and skipped records alike; a window that was
 *     left counts for the reason that it was left for
 * @param left windows among them that the run left to another one: none of their queries or commits
 *     failed
 * @param recordsSkipped unusable records in the list of sites
 * @param escapedCells cells of the stored rows whose text is stored as an escape
 * @param messages at most 200 lines, one per failed window; windows that were not fetched come last
 * @param troubledSites the sites of which a query failed: all of them, however many messages
 */
public record RunSummary(
    long windows,
    long committed,
    long unchanged,
    long rows,
    long quarantined,
    long escapedCells,
    Map<FailureKind, Long> failures,
    long left,
    long recordsSkipped,
    List<String> messages,
    Set<SiteId> troubledSites)
    implements Serializable {
  private static final int MESSAGES = 200;

  public static final RunSummary EMPTY =
      new RunSummary(0, 0, 0, 0, 0, 0, Map.of(), 0, 0, List.of(), Set.of());

  public RunSummary {
    failures = Map.copyOf(failures);
    messages = List.copyOf(messages);
    troubledSites = Set.copyOf(troubledSites);
  }

  public static RunSummary of(WindowOutcome outcome) {
    FailureKind failure = outcome.endsFailed();
    SiteId site = outcome.site();
    return new RunSummary(
        outcome.endsWindow() ? 1 : 0,
        outcome.endsCommitted() ? 1 : 0,
        outcome.endsUnchanged() ? 1 : 0,
        outcome.rows(),
        outcome.quarantined(),
        outcome.escapedCells(),
        failure == null ? Map.of() : Map.of(failure, 1L),
        outcome.endsLeft() ? 1 : 0,
        outcome.recordsSkipped(),
        outcome.message().isEmpty()
            ? List.of()
            : List.of(outcome.window() + ": " + outcome.message()),
        outcome.queryFailed() && site != null ? Set.of(site) : Set.of());
  }

  public RunSummary plus(RunSummary other) {
    EnumMap<FailureKind, Long> sum = new EnumMap<>(FailureKind.class);
    failures.forEach((k, n) -> sum.merge(k, n, Long::sum));
    other.failures.forEach((k, n) -> sum.merge(k, n, Long::sum));
    Set<SiteId> troubled = new HashSet<>(troubledSites);
    troubled.addAll(other.troubledSites);
    List<String> lines = new ArrayList<>(messages);
    lines.addAll(other.messages);
    // Failed windows come before those that were not fetched because of them.
    lines.sort(Comparator.comparing(RunSummary::isNotFetched).thenComparing(m -> m));
    return new RunSummary(
        windows + other.windows,
        committed + other.committed,
        unchanged + other.unchanged,
        rows + other.rows,
        quarantined + other.quarantined,
        escapedCells + other.escapedCells,
        sum,
        left + other.left,
        recordsSkipped + other.recordsSkipped,
        lines.subList(0, Math.min(lines.size(), MESSAGES)),
        troubled);
  }

  /** Returns the sum of all parts. */
  public static RunSummary sum(Iterable<RunSummary> parts) {
    RunSummary sum = EMPTY;
    for (RunSummary part : parts) {
      sum = sum.plus(part);
    }
    return sum;
  }

  /**
   * Returns whether a message is about a window that was not fetched because another one failed.
   */
  public static boolean isNotFetched(String message) {
    return message.contains(": " + WindowOutcome.NOT_FETCHED);
  }

  /** Returns the part of such a message that says why the window was not fetched. */
  public static String causeOf(String message) {
    int at = message.indexOf(": " + WindowOutcome.NOT_FETCHED);
    return at < 0 ? message : message.substring(at + 2);
  }

  /**
   * Returns the number of windows that failed or were left, and of records that were skipped, for
   * this reason.
   */
  public long failed(FailureKind kind) {
    return failures.getOrDefault(kind, 0L);
  }

  /** Returns the number of windows that failed: those that were left or are incomplete did not. */
  public long failed() {
    return failures.values().stream().mapToLong(n -> n).sum()
        - left
        - failed(FailureKind.INCOMPLETE);
  }

  /** Returns the number of incomplete windows, without skipped records. */
  public long incomplete() {
    return failed(FailureKind.INCOMPLETE) - recordsSkipped;
  }

  /** Returns the exit code of the first kind that occurred, 0 if there is none. */
  public int exitCode() {
    for (FailureKind kind : FailureKind.values()) {
      if (failed(kind) > 0) {
        return kind.exitCode();
      }
    }
    return 0;
  }
}
