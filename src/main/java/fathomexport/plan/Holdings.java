package fathomexport.plan;

import fathomexport.report.DayRange;
import fathomexport.report.Slice;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What all sinks of a pipeline have stored of one report: a period that one of them lacks is not
 * held. The key is the period's first day; for reports without date grouping it is the range, so
 * that several ranges may start on the same day.
 */
public final class Holdings {
  private record HeldRange(LocalDate period, LocalDate coversTo) implements Comparable<HeldRange> {
    @Override
    public int compareTo(HeldRange other) {
      int byPeriod = period.compareTo(other.period);
      return byPeriod != 0 ? byPeriod : coversTo.compareTo(other.coversTo);
    }
  }

  private final boolean byRange;
  private final Map<Slice, NavigableMap<HeldRange, Held>> held = new HashMap<>();
  private final Map<Slice, List<List<DayRange>>> history = new HashMap<>();

  private Holdings(boolean byRange) {
    this.byRange = byRange;
  }

  /**
   * Combines what the sinks have stored.
   *
   * @param byRange whether the report has no date grouping
   * @param sinks per sink, its stored periods
   */
  public static Holdings ofAll(boolean byRange, List<? extends Collection<Held>> sinks) {
    Holdings result = new Holdings(byRange);
    boolean first = true;
    for (Collection<Held> sink : sinks) {
      Holdings one = new Holdings(byRange);
      sink.forEach(one::add);
      if (first) {
        result.held.putAll(one.held);
        first = false;
      } else {
        result.keepCommon(one);
      }
    }
    return result;
  }

  /**
   * Adds the whole history, of which the periods may be only the newest part.
   *
   * @param sinks per sink, the ranges of days that it has stored of each slice
   */
  public Holdings withHistory(List<Map<Slice, List<DayRange>>> sinks) {
    for (Map<Slice, List<DayRange>> sink : sinks) {
      sink.keySet().forEach(slice -> history.putIfAbsent(slice, new ArrayList<>()));
    }
    history.forEach(
        (slice, bySink) -> sinks.forEach(sink -> bySink.add(sink.getOrDefault(slice, List.of()))));
    return this;
  }

  private HeldRange key(LocalDate period, LocalDate coversTo) {
    return new HeldRange(period, byRange ? coversTo : period);
  }

  private void add(Held h) {
    held.computeIfAbsent(h.slice(), s -> new TreeMap<>()).put(key(h.period(), h.coversTo()), h);
  }

  private void keepCommon(Holdings other) {
    held.forEach(
        (slice, mine) -> {
          NavigableMap<HeldRange, Held> theirs = other.held.getOrDefault(slice, new TreeMap<>());
          mine.keySet().retainAll(theirs.keySet());
          mine.replaceAll((key, h) -> lesser(h, theirs.getOrDefault(key, h)));
        });
    held.values().removeIf(Map::isEmpty);
  }

  /** Returns what two sinks have in common of a period. */
  private static Held lesser(Held a, Held b) {
    boolean sameAsked = a.definition().equals(b.definition());
    Held older = a.knownAt().isBefore(b.knownAt()) ? a : b;
    return new Held(
        a.slice(),
        a.period(),
        a.coversTo().isBefore(b.coversTo()) ? a.coversTo() : b.coversTo(),
        a.complete() && b.complete() && sameAsked,
        a.askAgain() || b.askAgain(),
        a.definition(),
        a.fetchedAt().isBefore(b.fetchedAt()) ? a.fetchedAt() : b.fetchedAt(),
        older.knownAt(),
        older.zone(),
        Math.max(a.rows(), b.rows()),
        Objects.equals(a.controlDigest(), b.controlDigest()) ? a.controlDigest() : null);
  }

  /** Returns what is held of a period. */
  Optional<Held> of(Slice slice, LocalDate period, LocalDate coversTo) {
    NavigableMap<HeldRange, Held> periods = held.get(slice);
    return periods == null
        ? Optional.empty()
        : Optional.ofNullable(periods.get(key(period, coversTo)));
  }

  /**
   * Returns the first period of a slice that one of the sinks has stored; without a history, the
   * first that is held.
   */
  Optional<LocalDate> earliest(Slice slice) {
    Optional<LocalDate> ever =
        history.getOrDefault(slice, List.of()).stream()
            .flatMap(List::stream)
            .map(DayRange::first)
            .min(Comparator.naturalOrder());
    if (ever.isPresent()) {
      return ever;
    }
    NavigableMap<HeldRange, Held> periods = held.get(slice);
    return periods == null || periods.isEmpty()
        ? Optional.empty()
        : Optional.of(periods.firstKey().period());
  }

  /** Returns the days of a range that at least one sink lacks according to the history. */
  List<DayRange> lacking(Slice slice, DayRange within) {
    return DayRange.union(
        history.getOrDefault(slice, List.of()).stream()
            .flatMap(stored -> within.without(stored).stream())
            .toList());
  }

  /** Returns all that is held of a slice, in ascending order. */
  Collection<Held> all(Slice slice) {
    NavigableMap<HeldRange, Held> periods = held.get(slice);
    return periods == null ? List.of() : periods.values();
  }
}
