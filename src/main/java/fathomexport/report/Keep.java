package fathomexport.report;

import java.io.Serializable;
import java.time.Instant;
import java.time.LocalDate;
import java.time.Period;
import java.time.ZoneId;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How long a report's periods are kept: the month of yesterday, and this many months before it.
 *
 * @param months 1 to {@link #MOST_MONTHS}
 */
public record Keep(int months) implements Serializable {
  /** A hundred years. */
  public static final int MOST_MONTHS = 1200;

  /** The written form: a number of months or years. */
  public static final Pattern WRITTEN = Pattern.compile("([1-9][0-9]{0,3}) (month|year)s?");

  /** The zone in which days end last: a day that is over there is over everywhere. */
  private static final ZoneId LAST = ZoneId.of("Etc/GMT+12");

  private static final int MONTHS_OF_A_YEAR = 12;

  public Keep {
    if (months < 1 || months > MOST_MONTHS) {
      throw new IllegalArgumentException("keep: " + months + " months");
    }
  }

  /** Reads the written form, such as {@code 25 months} or {@code 3 years}. */
  public static Optional<Keep> parse(String text) {
    Matcher matcher = WRITTEN.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    int number = Integer.parseInt(matcher.group(1));
    int months = matcher.group(2).equals("year") ? number * MONTHS_OF_A_YEAR : number;
    return months > MOST_MONTHS ? Optional.empty() : Optional.of(new Keep(months));
  }

  /**
   * Returns the first day that is kept, for all sites. It begins a month, or a year for reports by
   * month or year, so that what is stored together is dropped together.
   *
   * @param reachDays how many days up to yesterday a run may fetch. They are always kept: otherwise
   *     one run would drop what the next one fetches
   */
  public LocalDate firstDay(DateGrouping grouping, Instant now, int reachDays) {
    LocalDate yesterday = LocalDate.ofInstant(now, LAST).minusDays(1);
    LocalDate wanted = yesterday.withDayOfMonth(1).minus(Period.ofMonths(months));
    LocalDate reached = yesterday.minusDays(reachDays);
    LocalDate first = wanted.isBefore(reached) ? wanted : reached;
    return switch (grouping) {
      case HOUR, DAY -> first.withDayOfMonth(1);
      case MONTH, YEAR -> first.withDayOfYear(1);
      case NONE ->
          throw new IllegalArgumentException("ranges of days overlap, so that none is the oldest");
    };
  }

  /** Returns the written form, in months. */
  @Override
  public String toString() {
    return months + (months == 1 ? " month" : " months");
  }
}
