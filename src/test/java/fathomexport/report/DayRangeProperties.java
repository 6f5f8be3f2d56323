package fathomexport.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.LocalDate;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Ranges behave as the sets of their days do. */
class DayRangeProperties {
  private static final LocalDate BASE = LocalDate.of(2023, 11, 1);

  @Provide
  Arbitrary<DayRange> ranges() {
    return Combinators.combine(
            Arbitraries.integers().between(0, 500), Arbitraries.integers().between(0, 500))
        .as((from, more) -> new DayRange(BASE.plusDays(from), BASE.plusDays(from + more)));
  }

  private static Set<LocalDate> days(DayRange range) {
    return range.stream().collect(Collectors.toCollection(TreeSet::new));
  }

  @Property
  void isItsDays(@ForAll("ranges") DayRange range) {
    assertThat(days(range)).hasSize(range.days());
    assertThat(range.stream()).isSorted().allMatch(range::contains);
    assertThat(range.contains(range.first().minusDays(1))).isFalse();
    assertThat(range.contains(range.last().plusDays(1))).isFalse();
  }

  @Property
  void intersectsAsSetsDo(@ForAll("ranges") DayRange a, @ForAll("ranges") DayRange b) {
    Set<LocalDate> both = days(a);
    both.retainAll(days(b));

    assertThat(a.intersect(b).map(DayRangeProperties::days).orElse(Set.of())).isEqualTo(both);
    assertThat(a.intersect(b)).isEqualTo(b.intersect(a));
    assertThat(a.contains(b)).isEqualTo(days(a).containsAll(days(b)));
  }

  @Property
  void ordersByItsFirstThenItsLastDay(@ForAll("ranges") DayRange a, @ForAll("ranges") DayRange b) {
    assertThat(Integer.signum(a.compareTo(b))).isEqualTo(-Integer.signum(b.compareTo(a)));
    assertThat(a.compareTo(b) == 0).isEqualTo(a.equals(b));
    if (a.first().isBefore(b.first())) {
      assertThat(a).isLessThan(b);
    }
  }

  @Property
  void itsPeriodsCoverEachDayOnce(@ForAll("ranges") DayRange range, @ForAll DateGrouping grouping) {
    List<LocalDate> periods = range.periods(grouping).toList();

    assertThat(periods)
        .isEqualTo(range.stream().map(grouping::periodStart).distinct().toList())
        .allMatch(p -> grouping.periodStart(p).equals(p));
    assertThat(
            periods.stream()
                .flatMap(p -> new DayRange(p, grouping.periodEnd(p)).stream())
                .filter(range::contains))
        .containsExactlyElementsOf(range.stream().toList());
  }

  @Example
  void endsNoEarlierThanItStarts() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new DayRange(BASE, BASE.minusDays(1)))
        .withMessageContaining("2023-11-01..2023-10-31");
    assertThat(DayRange.of(BASE))
        .isEqualTo(new DayRange(BASE, BASE))
        .hasToString("2023-11-01..2023-11-01");
  }

  @Property
  void unionAndRestAreThoseOfSets(
      @ForAll("ranges") DayRange whole, @ForAll("severalRanges") List<DayRange> ranges) {
    Set<LocalDate> covered = new TreeSet<>();
    ranges.forEach(r -> covered.addAll(days(r)));
    List<DayRange> union = DayRange.union(ranges);
    assertThat(union.stream().flatMap(DayRange::stream).toList())
        .containsExactlyElementsOf(covered);
    for (int i = 1; i < union.size(); i++) {
      assertThat(union.get(i).first()).isAfter(union.get(i - 1).last().plusDays(1));
    }

    Set<LocalDate> rest = days(whole);
    rest.removeAll(covered);
    assertThat(whole.without(ranges).stream().flatMap(DayRange::stream).toList())
        .containsExactlyElementsOf(rest);
  }

  @Provide
  Arbitrary<List<DayRange>> severalRanges() {
    return Combinators.combine(
            Arbitraries.integers().between(0, 900), Arbitraries.integers().between(0, 60))
        .as((from, more) -> new DayRange(BASE.plusDays(from), BASE.plusDays(from + more)))
        .list()
        .ofMaxSize(6);
  }
}
