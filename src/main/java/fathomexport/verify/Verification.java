package fathomexport.verify;

import com.fasterxml.jackson.annotation.JsonIgnore;
import fathomexport.report.DifferenceCause;
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
        Stream.concat(parts.stream().map(Verification::failure), Stream.of(failure))
            .min(Comparator.naturalOrder())
            .orElse(failure));
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
      DifferenceCause cause) {}

  /** Returns whether everything was compared and nothing differs. */
  public boolean agrees() {
    return differences.isEmpty() && damaged.isEmpty() && failures.isEmpty();
  }

  /**
   * Returns the code of the worst failure if something could not be compared: 78 if a table must be
   * migrated first, 77 if an account is refused, 75 if queries failed. Otherwise returns 65 if
   * anything differs or is damaged, and 0 if not.
   */
  public int exitCode() {
    if (failure == FailureKind.CONFIGURATION || !failures.isEmpty()) {
      return failure.exitCode();
    }
    return agrees() ? 0 : FailureKind.INCOMPLETE.exitCode();
  }

  /**
   * Returns the messages for the run's record: one line per cause of differences, and what could
   * not be compared. At most 50 lines. Which periods differ, the ledgers of the sinks know.
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
