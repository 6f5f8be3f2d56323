package fathomexport.run;

import fathomexport.api.Reached;
import fathomexport.api.pacing.TimeSource;
import java.time.Duration;
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

  /** The most by which the clock may differ from the API's. */
  private static final Duration MOST_ERROR = Duration.ofMinutes(2);

  /** A longer time is given in minutes, or in hours. */
  private static final Duration MOST_SECONDS = Duration.ofMinutes(10);

  private static final Duration MOST_MINUTES = Duration.ofHours(2);

  /** A run with a clock that is not further off is recorded: its time hides no other run. */
  private static final Duration RECORDED = Duration.ofHours(1);

  private WrongClockException(String message) {
    super(FailureKind.CONFIGURATION, message, null);
  }

  /** Refuses a clock that shows a year before 2018. */
  static void refuse(Instant now) {
    if (year(now) < FIRST_YEAR) {
      throw outside(now, null);
    }
  }

  /**
   * Refuses a clock outside the years from 2018 to the year after the API's, and the clock of this
   * machine if it is further from the API's than a check allows: days would be exported before they
   * have ended.
   *
   * @param way what a response showed; null if none has said the API's time, and then only the
   *     first year is checked
   */
  public static void refuse(TimeSource time, @Nullable Reached way) {
    refuse(time.instant());
    Instant api = way == null ? null : way.serverTime();
    if (way == null || api == null) {
      return;
    }
    if (year(time.instant()) > year(api) + 1) {
      throw outside(time.instant(), api);
    }
    if (time.isOfThisMachine() && isTooFar(way)) {
      Duration error = error(way, api).abs();
      String words = words(way);
      throw error.compareTo(RECORDED) > 0
          ? new WrongClockException(words)
          : new ExportFailedException(FailureKind.CONFIGURATION, words, null);
    }
  }

  /** Returns whether the clock differs more from the API's than a run may tolerate. */
  public static boolean isTooFar(Reached way) {
    Instant api = way.serverTime();
    return api != null && error(way, api).abs().compareTo(MOST_ERROR) > 0;
  }

  /** Describes how far the clock is from the API's, and what to do about it. */
  public static String words(Reached way) {
    Instant api = way.serverTime();
    if (api == null) {
      return "the API does not say its time";
    }
    Duration error = error(way, api);
    if (error.abs().toSeconds() == 0) {
      return "this machine's clock agrees with the API's";
    }
    return "this machine's clock is "
        + time(error.abs())
        + " "
        + (error.isNegative() ? "behind" : "ahead of")
        + " the API's"
        + (isTooFar(way)
            ? ": set the clock; otherwise days are "
                + (error.isNegative()
                    ? "not exported although they have ended"
                    : "exported before they have ended")
            : "");
  }

  private static String time(Duration error) {
    return error.compareTo(MOST_SECONDS) < 0
        ? error.toSeconds() + " s"
        : error.compareTo(MOST_MINUTES) < 0
            ? error.toMinutes() + " min"
            : Math.round(error.toMinutes() / 60.0) + " h";
  }

  private static Duration error(Reached way, Instant api) {
    return Duration.between(api, way.at());
  }

  private static WrongClockException outside(Instant now, @Nullable Instant api) {
    return new WrongClockException(
        "the clock of this machine says "
            + now
            + (api == null ? "" : ", while the API's says " + api)
            + "; allowed: the years from "
            + FIRST_YEAR
            + " to the API's next year. Correct the clock, and run the command again");
  }

  private static int year(Instant at) {
    return at.atOffset(ZoneOffset.UTC).getYear();
  }
}
