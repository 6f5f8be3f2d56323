package fathomexport.run;

import java.io.Serializable;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The limits of a run. When one is reached, the run ends at a window boundary; the next run resumes
 * there.
 *
 * @param requests billed requests, retries included, 1 or more; null for no limit
 * @param time after which no window is started; null for no limit
 */
public record Budget(@Nullable Long requests, @Nullable Duration time) implements Serializable {
  public static final Budget UNLIMITED = new Budget(null, null);

  public Budget {
    if (requests != null && requests < 1) {
      throw new IllegalArgumentException("a budget of " + requests + " requests");
    }
    if (time != null && (time.isZero() || time.isNegative())) {
      throw new IllegalArgumentException("a budget of " + time);
    }
  }
}
