package fathomexport.verify;

import com.fasterxml.jackson.annotation.JsonIgnore;
import fathomexport.run.FailureKind;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The result of comparing what is stored with the API's current totals and with what was exported.
 *
 * @param periods number of compared periods, over all reports and slices: one that several sinks
 *     hold counts once
 * @param sinks the names of the sinks whose rows were compared
 * @param requests requests made, each billed as a pageview
 * @param differences in the order of the pipeline's reports
 * @param damaged files or tables that cannot be read, each with what to do about it
 * @param failures queries that the API did not answer
 * @param failure the kind of these failures
 */
public record Verification(
    long periods,
    List<String> sinks,
    long requests,
    List<Difference> differences,
    List<String> damaged,
    List<String> failures,
    @JsonIgnore FailureKind failure) {

  private static final int MESSAGES = 50;

  /** Creates a result of which the failures may pass. */
  Verification(
      long periods,
      List<String> sinks,
      long requests,
      List<Difference> differences,
      List<String> damaged,
      List<String> failures) {
    this(periods, sinks, requests, differences, damaged, failures, FailureKind.TRY_LATER);
  }

  /**
   * Returns the result of several accounts.
   *
   * @param sinks the names of the sinks whose rows were compared
   * @param order the names of the pipeline's reports
   * @param more what could not be asked besides
   * @param failure the kind of the failures of {@code more}
   */
  static Verification sum(
      List<Verification> parts,
      List<String> sinks,
      List<String> order,
      long requests,
      List<String> more,
      FailureKind failure) {
    return new Verification(
        parts.stream().mapToLong(Verification::periods).sum(),
        sinks,
        requests,
        parts.stream()
            .flatMap(part -> part.differences().stream())
            .sorted(Comparator.comparing(d -> order.indexOf(d.report())))
            .toList(),
        parts.stream().flatMap(part -> part.damaged().stream()).distinct().toList(),
        Stream.concat(parts.stream().flatMap(part -> part.failures().stream()), more.stream())
            .toList(),
        failure);
  }

  /** Why a number differs. */
  public enum Cause {
    /** The period is not stored, although the API counts something. */
    NEVER_EXPORTED,
    /** The stored rows are not those that were exported. */
    CHANGED_IN_STORAGE,
    /** The rows are as exported, but the API's totals have changed since. */
    CHANGED_AT_THE_API,
    /** The rows are as exported, but under another definition of the report. */
    OTHER_DEFINITION,
    /** The rows are as exported, but in another time zone of the site. */
    OTHER_ZONE,
    /** The rows are as exported, and are known to be incomplete. */
    INCOMPLETE,
    /** The rows of the period's month or year cannot be read: see the damaged files. */
    DAMAGED;

    /** Returns the cause for people. */
    public String words() {
      return switch (this) {
        case NEVER_EXPORTED -> "never exported";
        case CHANGED_IN_STORAGE -> "stored rows were changed after the export";
        case CHANGED_AT_THE_API -> "Fathom counts otherwise by now";
        case OTHER_DEFINITION -> "stale: the report's definition was changed";
        case OTHER_ZONE -> "stale: the site's time zone was changed";
        case INCOMPLETE -> "was incomplete when it was exported";
        case DAMAGED -> "the file of its month or year is damaged";
      };
    }
  }

  /**
   * One number that differs.
   *
   * @param sink where it is stored
   * @param measure an aggregate; {@code rows} if there are more or fewer rows than were exported;
   *     {@code contents} if rows were changed in cells that no sum covers
   * @param stored sum over the stored rows; null if the period is not stored, and for {@code
   *     contents}
   * @param expected the current control total; for {@code rows} the number that was exported
   *     according to the ledger; null for {@code contents}
   */
  public record Difference(
      String report,
      String site,
      @Nullable String event,
      String sink,
      LocalDate period,
      String measure,
      @Nullable Long stored,
      @Nullable Long expected,
      Cause cause) {}

  /** Returns whether everything was compared and nothing differs. */
  public boolean agrees() {
    return differences.isEmpty() && damaged.isEmpty() && failures.isEmpty();
  }

  /**
   * Returns 65 if anything differs or is damaged; if some queries failed and nothing else is wrong,
   * 75, or 77 where an account is refused; otherwise 0.
   */
  public int exitCode() {
    if (!differences.isEmpty() || !damaged.isEmpty()) {
      return FailureKind.INCOMPLETE.exitCode();
    }
    return failures.isEmpty() ? 0 : failure.exitCode();
  }

  /**
   * Returns the messages for the run's record: one line per cause of differences, and what could
   * not be compared. At most 50 lines.
   */
  List<String> messages() {
    List<String> lines = new ArrayList<>();
    differences.stream()
        .collect(Collectors.groupingBy(Difference::cause, TreeMap::new, Collectors.counting()))
        .forEach((cause, n) -> lines.add("differences, " + cause.words() + ": " + n));
    damaged.forEach(d -> lines.add("damaged: " + d));
    failures.forEach(f -> lines.add("not verified: " + f));
    return lines.size() > MESSAGES ? lines.subList(0, MESSAGES) : lines;
  }
}
