package fathomexport.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** A range of days is the set of its days. */
class DayRangeProperties {
  private static final LocalDate START = LocalDate.of(2023, 11, 20);

  @Provide
  Arbitrary<LocalDate> days() {
    return Arbitraries.integers().between(0, 900).map(START::plusDays);
  }

  @Provide
  Arbitrary<DayRange> ranges() {
    return Combinators.combine(days(), Arbitraries.integers().between(0, 500))
        .as((first, more) -> new DayRange(first, first.plusDays(more)));
  }

  @Property(tries = 300)
  void itsDaysAreThoseThatItContains(
      @ForAll("ranges") DayRange range, @ForAll("days") LocalDate d) {
    List<LocalDate> days = range.stream().toList();
    assertThat(days).hasSize(range.days()).isSorted().doesNotHaveDuplicates();
    assertThat(range.contains(d)).isEqualTo(days.contains(d));
    assertThat(days.get(0)).isEqualTo(range.first());
    assertThat(days.get(days.size() - 1)).isEqualTo(range.last());
  }

  @Property(tries = 300)
  void intersectionIsThatOfTheSets(@ForAll("ranges") DayRange a, @ForAll("ranges") DayRange b) {
    Set<LocalDate> both = new HashSet<>(a.stream().toList());
    both.retainAll(new HashSet<>(b.stream().toList()));
    Set<LocalDate> found = new HashSet<>();
    a.intersect(b).ifPresent(r -> r.stream().forEach(found::add));
    assertThat(found).isEqualTo(both);
    assertThat(a.intersect(b)).isEqualTo(b.intersect(a));
    assertThat(a.contains(b)).isEqualTo(both.size() == b.days());
    assertThat(a.compareTo(b) == 0).isEqualTo(a.equals(b));
    assertThat(Integer.signum(a.compareTo(b))).isEqualTo(-Integer.signum(b.compareTo(a)));
  }

  @Property(tries = 300)
  void periodsAreThoseOfItsDays(@ForAll("ranges") DayRange range, @ForAll DateGrouping grouping) {
    List<LocalDate> expected =
        range.stream().map(grouping::periodStart).distinct().sorted().toList();
    assertThat(range.periods(grouping).toList()).isEqualTo(expected);
  }

  @Property(tries = 300)
  void periodsLieSideBySide(@ForAll("days") LocalDate day, @ForAll DateGrouping grouping) {
    LocalDate start = grouping.periodStart(day);
    LocalDate end = grouping.periodEnd(day);
    assertThat(new DayRange(start, end).contains(day)).isTrue();
    List<LocalDate> starts = new ArrayList<>();
    List<LocalDate> ends = new ArrayList<>();
    new DayRange(start, end).stream().forEach(d -> starts.add(grouping.periodStart(d)));
    new DayRange(start, end).stream().forEach(d -> ends.add(grouping.periodEnd(d)));
    assertThat(starts).containsOnly(start);
    assertThat(ends).containsOnly(end);
    assertThat(grouping.periodStart(end.plusDays(1))).isEqualTo(end.plusDays(1));
  }

  @Example
  void neverEmpty() {
    assertThat(DayRange.of(START).days()).isEqualTo(1);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new DayRange(START, START.minusDays(1)))
        .withMessageContaining("2023-11-20..2023-11-19");
  }
}
