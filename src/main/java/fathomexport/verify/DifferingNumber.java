package fathomexport.verify;

import fathomexport.report.DifferenceCause;
import org.jspecify.annotations.Nullable;

/**
 * A number of one period that differs.
 *
 * @param measure as in {@link Verification.Difference}, like the two numbers
 */
record DifferingNumber(
    String measure, @Nullable Long stored, @Nullable Long expected, DifferenceCause cause) {

  /** Creates the finding that rows differ where no sum does, or that they cannot be read. */
  static DifferingNumber contents(DifferenceCause cause) {
    return new DifferingNumber("contents", null, null, cause);
  }
}
