package fathomexport.report;

import java.io.Serializable;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
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

  /** Combines ranges that overlap or touch; oldest first. */
  public static List<DayRange> union(Collection<DayRange> ranges) {
    List<DayRange> joined = new ArrayList<>();
    for (DayRange next : ranges.stream().sorted().toList()) {
      int end = joined.size() - 1;
      if (end >= 0 && !next.first.isAfter(joined.get(end).last.plusDays(1))) {
        joined.set(end, joined.get(end).span(next));
      } else {
        joined.add(next);
      }
    }
    return joined;
  }

  /** Returns the parts of this range that none of the given ranges covers, oldest first. */
  public List<DayRange> without(Collection<DayRange> covered) {
    List<DayRange> rest = new ArrayList<>();
    LocalDate next = first;
    for (DayRange range : union(covered)) {
      if (range.first.isAfter(next)) {
        new DayRange(next, range.first.minusDays(1)).intersect(this).ifPresent(rest::add);
      }
      next = next.isAfter(range.last) ? next : range.last.plusDays(1);
    }
    if (!next.isAfter(last)) {
      rest.add(new DayRange(next, last));
    }
    return rest;
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
