package fathomexport.verify;

import fathomexport.run.FailureKind;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What is stored, beside what the API says today and what was exported.
 *
 * @param periods how many periods were compared, over all reports, slices and sinks
 * @param requests requests made, each billed as a pageview
 * @param differences in the order of the pipeline's reports
 * @param damaged places that cannot be read as what was written there, and what to do
 * @param failures questions that the API did not answer
 */
public record Verification(
    long periods,
    long requests,
    List<Difference> differences,
    List<String> damaged,
    List<String> failures) {

  private static final int MESSAGES = 50;

  /** Why a number differs. */
  public enum Cause {
    /** The period is not stored, though the API counts something. */
    NEVER_EXPORTED,
    /** The rows that lie there are not those that were exported. */
    CHANGED_IN_STORAGE,
    /** The rows are as they were exported, and the API counts otherwise by now. */
    CHANGED_AT_THE_API,
    /** The rows are as they were exported, and were known to be incomplete. */
    INCOMPLETE
  }

  /**
   * One number that differs.
   *
   * @param sink where it is stored
   * @param measure an aggregate; {@code rows} when there are more or fewer rows than were exported;
   *     {@code contents} when rows were changed in what no sum shows
   * @param stored sum over the stored rows; null when the period is not stored, and for {@code
   *     contents}
   * @param expected the control total asked for now; for {@code rows} what the ledger says was
   *     exported; null for {@code contents}
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

  /** Whether all that was asked agrees. */
  public boolean agrees() {
    return differences.isEmpty() && damaged.isEmpty() && failures.isEmpty();
  }

  /** 65 when anything differs, 75 when only something could not be asked, else 0. */
  public int exitCode() {
    if (!differences.isEmpty() || !damaged.isEmpty()) {
      return FailureKind.INCOMPLETE.exitCode();
    }
    return failures.isEmpty() ? 0 : FailureKind.TRY_LATER.exitCode();
  }

  /** One line a kind of difference, and what could not be compared: for the run's record. */
  List<String> messages() {
    List<String> lines = new ArrayList<>();
    differences.stream()
        .collect(Collectors.groupingBy(Difference::cause, TreeMap::new, Collectors.counting()))
        .forEach((cause, n) -> lines.add("differences, " + cause + ": " + n));
    damaged.forEach(d -> lines.add("damaged: " + d));
    failures.forEach(f -> lines.add("not verified: " + f));
    return lines.size() > MESSAGES ? lines.subList(0, MESSAGES) : lines;
  }
}
