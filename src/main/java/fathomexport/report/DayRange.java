package fathomexport.report;

import java.io.Serializable;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.stream.Stream;

/** A range of whole local days, both ends included. It is never empty. */
public record DayRange(LocalDate first, LocalDate last)
    implements Serializable, Comparable<DayRange> {
  public DayRange {
    if (last.isBefore(first)) {
      throw new IllegalArgumentException(
          "a range of days ends before it starts: " + first + ".." + last);
    }
  }

  public static DayRange of(LocalDate day) {
    return new DayRange(day, day);
  }

  /** Returns the number of calendar days, 1 or more. */
  public int days() {
    return Math.toIntExact(ChronoUnit.DAYS.between(first, last) + 1);
  }

  public boolean contains(LocalDate day) {
    return !day.isBefore(first) && !day.isAfter(last);
  }

  public boolean contains(DayRange other) {
    return contains(other.first) && contains(other.last);
  }

  public Optional<DayRange> intersect(DayRange other) {
    LocalDate from = first.isAfter(other.first) ? first : other.first;
    LocalDate to = last.isBefore(other.last) ? last : other.last;
    return to.isBefore(from) ? Optional.empty() : Optional.of(new DayRange(from, to));
  }

  /** Returns the smallest range that contains both ranges. */
  public DayRange span(DayRange other) {
    return new DayRange(
        first.isBefore(other.first) ? first : other.first,
        last.isAfter(other.last) ? last : other.last);
  }

  /** Returns every day, oldest first. */
  public Stream<LocalDate> stream() {
    return first.datesUntil(last.plusDays(1));
  }

  /** Returns the first days of the periods that the range overlaps, oldest first. */
  public Stream<LocalDate> periods(DateGrouping grouping) {
    return Stream.iterate(
        grouping.periodStart(first), p -> !p.isAfter(last), p -> grouping.periodEnd(p).plusDays(1));
  }

  @Override
  public int compareTo(DayRange other) {
    int byFirst = first.compareTo(other.first);
    return byFirst != 0 ? byFirst : last.compareTo(other.last);
  }

  @Override
  public String toString() {
    return first + ".." + last;
  }
}
