package fathomexport.fetch.rows;

import fathomexport.report.DateGrouping;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.Year;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.ResolverStyle;
import java.util.Locale;
import java.util.Optional;

/**
 * Parses the date labels of rows strictly: {@code 2026-06-11}, {@code 2026-01-26 14:00:00}, {@code
 * 2023-02}, {@code 2023}.
 */
final class Labels {
  private static final DateTimeFormatter HOUR = strict("uuuu-MM-dd HH:mm:ss");
  private static final DateTimeFormatter DAY = strict("uuuu-MM-dd");
  private static final DateTimeFormatter MONTH = strict("uuuu-MM");
  private static final DateTimeFormatter YEAR = strict("uuuu");

  private Labels() {}

  /**
   * The period and time of a row.
   *
   * @param period first day of the period
   * @param time value of the time column: epoch day, or local microseconds for hours
   */
  record Label(LocalDate period, long time) {}

  static Optional<Label> parse(DateGrouping grouping, String text) {
    // The formatter accepts a sign before years of more than four digits and before year 1.
    if (text.startsWith("+") || text.startsWith("-")) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          switch (grouping) {
            case HOUR -> {
              LocalDateTime hour = LocalDateTime.parse(text, HOUR);
              yield new Label(
                  hour.toLocalDate(),
                  Math.multiplyExact(hour.toEpochSecond(ZoneOffset.UTC), 1_000_000L));
            }
            case DAY -> ofDay(LocalDate.parse(text, DAY));
            case MONTH -> ofDay(YearMonth.parse(text, MONTH).atDay(1));
            case YEAR -> ofDay(Year.parse(text, YEAR).atDay(1));
            case NONE -> throw new IllegalArgumentException("no date grouping, no label");
          });
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  private static Label ofDay(LocalDate day) {
    return new Label(day, day.toEpochDay());
  }

  private static DateTimeFormatter strict(String pattern) {
    return DateTimeFormatter.ofPattern(pattern, Locale.ROOT)
        .withResolverStyle(ResolverStyle.STRICT);
  }
}
