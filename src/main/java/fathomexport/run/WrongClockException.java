package fathomexport.run;

import java.time.Instant;
import java.time.ZoneOffset;
import org.jspecify.annotations.Nullable;

/**
 * The clock of this machine is so wrong that every decision on days would be, too. Such a run is
 * not recorded either: its time would hide the others.
 */
public final class WrongClockException extends ExportFailedException {
  private static final long serialVersionUID = 1L;

  /** Fathom Analytics has no data of earlier years. */
  private static final int FIRST_YEAR = 2018;

  private WrongClockException(String message) {
    super(FailureKind.CONFIGURATION, message, null);
  }

  /**
   * Refuses a clock outside the years from 2018 to the year after the API's.
   *
   * @param now the clock of this machine
   * @param api the API's clock; null if it is unknown, and then only the first year is checked
   */
  public static void refuse(Instant now, @Nullable Instant api) {
    if (year(now) < FIRST_YEAR || (api != null && year(now) > year(api) + 1)) {
      throw new WrongClockException(
          "the clock of this machine says "
              + now
              + (api == null ? "" : ", while the API's says " + api)
              + "; allowed: the years from "
              + FIRST_YEAR
              + " to the API's next year. Correct the clock, and run the command again");
    }
  }

  private static int year(Instant at) {
    return at.atOffset(ZoneOffset.UTC).getYear();
  }
}
