package fathomexport.pipeline;

import java.time.LocalDate;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is stored, beside what the API says today.
 *
 * @param periods how many periods were compared, over all reports, slices and sinks
 * @param requests requests made, each billed as a pageview
 * @param differences in the order of the pipeline's reports
 * @param failures questions that the API did not answer
 */
public record Verification(
    long periods, long requests, List<Difference> differences, List<String> failures) {

  /**
   * One number that differs.
   *
   * @param sink where it is stored
   * @param measure an aggregate, or {@code rows} when the rows that lie there are not those of the
   *     ledger
   * @param stored sum over the stored rows; null when the period is not stored
   * @param expected the control total asked for now; for {@code rows} the ledger's count
   */
  public record Difference(
      String report,
      String site,
      @Nullable String event,
      String sink,
      LocalDate period,
      String measure,
      @Nullable Long stored,
      long expected) {}

  /** Whether all that was asked agrees. */
  public boolean agrees() {
    return differences.isEmpty() && failures.isEmpty();
  }
}
