package fathomexport.bench;

import java.time.LocalDate;
import java.util.Locale;

/**
 * The rows of the benchmark: a million like those of pages by day, the same ones each time. No day
 * reaches the row limit, so that each response is nearly full and holds one day.
 *
 * <p>System property: {@code bench.response} (the row limit, 1,000 or more).
 */
final class BenchRows {
  static final String SITE = "BENCHA";
  static final int TOTAL = 1_000_000;

  /** The columns of {@link Row#text()}. */
  static final String COLUMNS =
      "site_id, date, hostname, pathname, referrer_hostname,"
          + " visits, uniques, pageviews, avg_duration, bounce_rate";

  /** The most rows of a response. */
  static final int RESPONSE = Integer.getInteger("bench.response", 1_000);

  private static final int A_DAY = RESPONSE - RESPONSE / 200;
  static final int DAYS = (TOTAL + A_DAY - 1) / A_DAY;
  static final LocalDate LAST = LocalDate.of(2024, 10, 2);
  static final LocalDate FIRST = LAST.minusDays(DAYS - 1L);

  private BenchRows() {}

  /** One row; numbers of the day and of the row in it decide all. */
  record Row(
      LocalDate date,
      String hostname,
      String pathname,
      String referrer,
      long visits,
      long uniques,
      long pageviews,
      double avgDuration,
      String bounceRate) {

    String json() {
      return String.format(
          Locale.ROOT,
          "{\"date\":\"%s\",\"hostname\":\"%s\",\"pathname\":\"%s\",\"referrer_hostname\":\"%s\","
              + "\"visits\":\"%d\",\"uniques\":\"%d\",\"pageviews\":\"%d\","
              + "\"avg_duration\":\"%s\",\"bounce_rate\":\"%s\"}",
          date,
          hostname,
          pathname,
          referrer,
          visits,
          uniques,
          pageviews,
          avgDuration,
          bounceRate);
    }

    /** In the text format of COPY. */
    String text() {
      return String.join(
          "\t",
          SITE,
          date.toString(),
          hostname,
          pathname,
          referrer,
          Long.toString(visits),
          Long.toString(uniques),
          Long.toString(pageviews),
          Double.toString(avgDuration),
          bounceRate);
    }
  }

  static int rowsOf(int day) {
    return day < DAYS - 1 ? A_DAY : TOTAL - A_DAY * (DAYS - 1);
  }

  static Row row(int day, int number) {
    // Scrambled: answers are ordered by day, and by nothing within it.
    long mixed = (number * 7919L + day * 104_729L) % rowsOf(day);
    long hash = (mixed * 0x9E3779B97F4A7C15L + day) >>> 33;
    long visits = 1 + hash % 40;
    long bounces = hash / 7 % (visits + 1);
    return new Row(
        FIRST.plusDays(day),
        "https://" + (mixed % 3 == 0 ? "www" : "blog") + ".example.com",
        "/articles/" + mixed % 977 + "/how-to-read-a-report-" + mixed,
        mixed % 5 == 0 ? "" : "https://referrer-" + hash % 211 + ".example.net",
        visits,
        visits,
        visits + hash % 11,
        hash % 100_000 / 64.0,
        String.format(Locale.ROOT, "%.4f", 100.0 * bounces / visits));
  }
}
