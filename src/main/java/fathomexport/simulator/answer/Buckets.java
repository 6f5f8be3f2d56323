package fathomexport.simulator.answer;

import fathomexport.simulator.answer.AggregationQuery.Grouping;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;

/** The buckets of a date grouping. Local seconds are counted as if the local time were UTC. */
final class Buckets {
  private Buckets() {}

  /** Returns the local second at which the bucket of a record ends. */
  static long end(Grouping grouping, long local) {
    LocalDateTime start = LocalDateTime.ofEpochSecond(local, 0, ZoneOffset.UTC);
    LocalDate day = start.toLocalDate();
    return switch (grouping) {
      case NONE -> Long.MAX_VALUE;
      case HOUR -> Math.floorDiv(local, 3600) * 3600 + 3600;
      case DAY -> Math.floorDiv(local, 86_400) * 86_400 + 86_400;
      case MONTH -> day.withDayOfMonth(1).plusMonths(1).toEpochDay() * 86_400;
      case YEAR -> day.withDayOfYear(1).plusYears(1).toEpochDay() * 86_400;
    };
  }

  /** Returns the date of the bucket of a record, as responses write it. */
  static String label(Grouping grouping, long local) {
    LocalDateTime start = LocalDateTime.ofEpochSecond(local, 0, ZoneOffset.UTC);
    String day = start.toLocalDate().toString();
    return switch (grouping) {
      case NONE -> "";
      case HOUR -> String.format("%s %02d:00:00", day, start.getHour());
      case DAY -> day;
      case MONTH -> day.substring(0, 7);
      case YEAR -> day.substring(0, 4);
    };
  }
}
