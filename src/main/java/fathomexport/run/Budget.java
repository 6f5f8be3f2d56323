package fathomexport.run;

import java.io.Serializable;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a run may cost. When it is spent, the run ends at a window's edge, to be gone on with later.
 *
 * @param requests billed ones, retries included, 1 or more; null for as many as it takes
 * @param time after which no window is begun; null for as long as it takes
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
