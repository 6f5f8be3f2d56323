package fathomexport.cli.process;

import fathomexport.report.DayRange;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.format.DateTimeFormatter;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The days that a person names on the command line: a date, {@code yesterday}, {@code -7d}, a week
 * or a month. What it means may depend on the day on which the command runs.
 */
public final class DayExpression {
  /** What an option that takes a day accepts, for messages and help. */
  public static final String ALLOWED =
      "a date as 2026-03-31, yesterday, a number of days back as -7d, a week as 2026-W10, or a"
          + " month as 2026-03";

  private static final Pattern DATE = Pattern.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}");
  private static final Pattern MONTH = Pattern.compile("[0-9]{4}-[0-9]{2}");
  private static final Pattern WEEK = Pattern.compile("[0-9]{4}-W[0-9]{2}");
  private static final Pattern DAYS_BACK = Pattern.compile("-([1-9][0-9]{0,4})d");
  private static final String MONDAY = "-1";
  private static final int DAYS_TO_SUNDAY = 6;

  private final String text;
  private final UnaryOperator<LocalDate> first;
  private final UnaryOperator<LocalDate> last;

  private DayExpression(
      String text, UnaryOperator<LocalDate> first, UnaryOperator<LocalDate> last) {
    this.text = text;
    this.first = first;
    this.last = last;
  }

  /**
   * Reads an expression.
   *
   * @throws IllegalArgumentException with a message for the user if the text is none
   */
  public static DayExpression parse(String text) {
    try {
      if (text.equals("yesterday")) {
        return day(text, today -> today.minusDays(1));
      }
      Matcher back = DAYS_BACK.matcher(text);
      if (back.matches()) {
        int days = Integer.parseInt(back.group(1));
        return day(text, today -> today.minusDays(days));
      }
      if (DATE.matcher(text).matches()) {
        LocalDate date = LocalDate.parse(text);
        return day(text, today -> date);
      }
      if (WEEK.matcher(text).matches()) {
        LocalDate monday = LocalDate.parse(text + MONDAY, DateTimeFormatter.ISO_WEEK_DATE);
        return new DayExpression(text, today -> monday, today -> monday.plusDays(DAYS_TO_SUNDAY));
      }
      if (MONTH.matcher(text).matches()) {
        YearMonth month = YearMonth.parse(text);
        return new DayExpression(text, today -> month.atDay(1), today -> month.atEndOfMonth());
      }
    } catch (DateTimeException e) {
      throw new IllegalArgumentException(
          "'" + text + "' does not exist in the calendar; write " + ALLOWED, e);
    }
    throw new IllegalArgumentException("'" + text + "' is not a day; write " + ALLOWED);
  }

  private static DayExpression day(String text, UnaryOperator<LocalDate> day) {
    return new DayExpression(text, day, day);
  }

  /** Returns the days that are meant on this day: one day, a week or a month. */
  public DayRange days(LocalDate today) {
    return new DayRange(first.apply(today), last.apply(today));
  }

  /** Returns the first of the days that are meant on this day. */
  public LocalDate first(LocalDate today) {
    return first.apply(today);
  }

  /** Returns the last of the days that are meant on this day. */
  public LocalDate last(LocalDate today) {
    return last.apply(today);
  }

  /**
   * Returns the day that is meant on this day.
   *
   * @throws IllegalArgumentException with a message for the user if the expression means several
   */
  public LocalDate day(LocalDate today) {
    DayRange days = days(today);
    if (days.days() > 1) {
      throw new IllegalArgumentException(
          "'"
              + text
              + "' is "
              + days.days()
              + " days, and one is asked for; write a date as "
              + days.last());
    }
    return days.first();
  }

  @Override
  public String toString() {
    return text;
  }
}
