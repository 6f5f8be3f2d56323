package fathomexport.run;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What became of a run's windows; summaries of parts merge in any order.
 *
 * @param windows that ended, one way or the other
 * @param failures by why they failed, windows and skipped records alike
 * @param recordsSkipped records of the list of sites that were unusable
 * @param messages one line per failed window, those that were not fetched last, as many as a person
 *     would read
 */
public record RunSummary(
    long windows,
    long committed,
    long unchanged,
    long rows,
    long quarantined,
    Map<FailureKind, Long> failures,
    long recordsSkipped,
    List<String> messages)
    implements Serializable {
  private static final int MESSAGES = 200;

  public static final RunSummary EMPTY = new RunSummary(0, 0, 0, 0, 0, Map.of(), 0, List.of());

  public RunSummary {
    failures = Map.copyOf(failures);
    messages = List.copyOf(messages);
  }

  public static RunSummary of(WindowOutcome outcome) {
    FailureKind failure = outcome.failure();
    return new RunSummary(
        outcome.subject() == null ? 0 : 1,
        outcome.committed() ? 1 : 0,
        outcome.committed() && outcome.changed() == 0 ? 1 : 0,
        outcome.rows(),
        outcome.quarantined(),
        failure == null ? Map.of() : Map.of(failure, 1L),
        outcome.recordsSkipped(),
        outcome.message().isEmpty()
            ? List.of()
            : List.of(outcome.window() + ": " + outcome.message()));
  }

  public RunSummary plus(RunSummary other) {
    EnumMap<FailureKind, Long> sum = new EnumMap<>(FailureKind.class);
    failures.forEach((k, n) -> sum.merge(k, n, Long::sum));
    other.failures.forEach((k, n) -> sum.merge(k, n, Long::sum));
    List<String> lines = new ArrayList<>(messages);
    lines.addAll(other.messages);
    // What has failed comes before what was not fetched for it.
    lines.sort(Comparator.comparing(RunSummary::isNotFetched).thenComparing(m -> m));
    return new RunSummary(
        windows + other.windows,
        committed + other.committed,
        unchanged + other.unchanged,
        rows + other.rows,
        quarantined + other.quarantined,
        sum,
        recordsSkipped + other.recordsSkipped,
        lines.subList(0, Math.min(lines.size(), MESSAGES)));
  }

  /** All of these together. */
  public static RunSummary sum(Iterable<RunSummary> parts) {
    RunSummary sum = EMPTY;
    for (RunSummary part : parts) {
      sum = sum.plus(part);
    }
    return sum;
  }

  /** Whether a line is about a window that was not fetched because of what another had met. */
  public static boolean isNotFetched(String message) {
    return message.contains(": " + WindowOutcome.NOT_FETCHED);
  }

  /** Why the window of such a line was not fetched. */
  public static String causeOf(String message) {
    return message.substring(Math.max(0, message.indexOf(": " + WindowOutcome.NOT_FETCHED)));
  }

  /** Windows that failed for this reason, and records that were skipped for it. */
  public long failed(FailureKind kind) {
    return failures.getOrDefault(kind, 0L);
  }

  /** Windows that are incomplete; a record that was skipped is none. */
  public long incomplete() {
    return failed(FailureKind.INCOMPLETE) - recordsSkipped;
  }

  /** The exit code of the first reason that applies, 0 when there is none. */
  public int exitCode() {
    for (FailureKind kind : FailureKind.values()) {
      if (failed(kind) > 0) {
        return kind.exitCode();
      }
    }
    return 0;
  }
}
