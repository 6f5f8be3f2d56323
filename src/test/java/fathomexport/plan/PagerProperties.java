package fathomexport.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.jspecify.annotations.Nullable;

/** Any data set, paged through under any limit, comes whole, once, and with the fewest requests. */
class PagerProperties {
  private static final LocalDate FIRST = LocalDate.of(2025, 1, 1);

  /**
   * A data set.
   *
   * @param rows rows by period
   */
  record Data(DateGrouping grouping, DayRange days, TreeMap<LocalDate, Integer> rows, int limit) {
    int most() {
      return rows.isEmpty() ? 0 : Collections.max(rows.values());
    }
  }

  @Provide
  Arbitrary<Data> data() {
    Arbitrary<DateGrouping> groupings =
        Arbitraries.of(DateGrouping.HOUR, DateGrouping.DAY, DateGrouping.MONTH, DateGrouping.YEAR);
    Arbitrary<List<Integer>> counts =
        Arbitraries.oneOf(
                Arbitraries.just(0),
                Arbitraries.integers().between(0, 5),
                Arbitraries.integers().between(0, 30))
            .list()
            .ofMinSize(1)
            .ofMaxSize(40);
    return Combinators.combine(
            groupings, counts, Arbitraries.integers().between(1, 40), Arbitraries.integers())
        .as(
            (grouping, rows, limit, cut) -> {
              TreeMap<LocalDate, Integer> byPeriod = new TreeMap<>();
              LocalDate period = FIRST;
              LocalDate last = FIRST;
              for (int n : rows) {
                byPeriod.put(period, n);
                last = grouping.periodEnd(period);
                period = last.plusDays(1);
              }
              // The last period need not be over.
              LocalDate start = grouping.periodStart(last);
              LocalDate end = start.plusDays(Math.floorMod(cut, new DayRange(start, last).days()));
              return new Data(grouping, new DayRange(FIRST, end), byPeriod, limit);
            });
  }

  /** Rows of a period, as they are answered, by number. */
  record Row(LocalDate period, int number) {}

  private static List<Row> answer(Data data, DayRange asked, int limit) {
    List<Row> rows = new ArrayList<>();
    for (Map.Entry<LocalDate, Integer> e : data.rows.entrySet()) {
      for (int i = 0; i < e.getValue() && asked.contains(e.getKey()); i++) {
        rows.add(new Row(e.getKey(), i));
      }
    }
    return rows.subList(0, Math.min(rows.size(), limit));
  }

  private static @Nullable LocalDate first(List<Row> rows) {
    return rows.isEmpty() ? null : rows.get(0).period;
  }

  private static @Nullable LocalDate last(List<Row> rows) {
    return rows.isEmpty() ? null : rows.get(rows.size() - 1).period;
  }

  /** What paging came to. */
  private static final class Paging {
    private final List<Row> kept = new ArrayList<>();
    private final List<LocalDate> overLimit = new ArrayList<>();
    private final List<DayRange> asked = new ArrayList<>();

    void run(Pager pager, Data data, int allowed, int cap) {
      while (!pager.done()) {
        DayRange ask = pager.ask();
        asked.add(ask);
        assertThat(asked).as("ends").hasSizeLessThan(2000);
        assertThat(data.days.contains(ask)).isTrue();
        if (ask.days() > allowed && !pager.askIsSingle()) {
          assertThat(pager.rangeRefused()).isPositive().isLessThan(ask.days());
          continue;
        }
        List<Row> rows = answer(data, ask, Math.min(pager.limit(), cap));
        if (rows.size() == cap && pager.limit() > cap) {
          pager.capLearned(cap);
          assertThat(pager.ask()).isEqualTo(ask);
          continue;
        }
        Pager.Kept what = pager.answered(rows.size(), first(rows), last(rows));
        if (what instanceof Pager.Kept.All) {
          kept.addAll(rows);
        } else if (what instanceof Pager.Kept.Before before) {
          rows.stream().filter(r -> r.period.isBefore(before.period())).forEach(kept::add);
        } else if (what instanceof Pager.Kept.OverLimit over) {
          assertThat(rows).allMatch(r -> r.period.equals(over.period()));
          overLimit.add(over.period());
        }
      }
    }
  }

  private static void assertWhole(Paging paging, Data data, int limit) {
    List<LocalDate> expectedOver =
        data.rows.keySet().stream().filter(p -> data.rows.getOrDefault(p, 0) >= limit).toList();
    // A period of exactly the limit that ends an answer is over the limit, for all that can be
    // known.
    assertThat(paging.overLimit).isEqualTo(expectedOver);
    List<Row> expected = new ArrayList<>(answer(data, data.days, Integer.MAX_VALUE));
    expected.removeIf(r -> expectedOver.contains(r.period));
    assertThat(paging.kept).isEqualTo(expected);
  }

  @Property(tries = 500)
  void everyRowComesOnce(@ForAll("data") Data data, @ForAll("widths") int maxDays) {
    Paging paging = new Paging();
    paging.run(
        new Pager(data.grouping, data.days, data.limit, maxDays),
        data,
        Integer.MAX_VALUE,
        Integer.MAX_VALUE);
    assertWhole(paging, data, data.limit);
    assertThat(paging.asked)
        .allMatch(
            a -> a.days() <= maxDays || !data.grouping.periodEnd(a.first()).isBefore(a.last()));
  }

  @Provide
  Arbitrary<Integer> widths() {
    return Arbitraries.oneOf(
        Arbitraries.of(1, 7, 28, 31, 59, 180, 365, 366, 731),
        Arbitraries.integers().between(1, 800));
  }

  @Property(tries = 500)
  void withTheFewestRequests(@ForAll("data") Data data, @ForAll("widths") int maxDays) {
    Paging paging = new Paging();
    paging.run(
        new Pager(data.grouping, data.days, data.limit, maxDays),
        data,
        Integer.MAX_VALUE,
        Integer.MAX_VALUE);
    assertThat(paging.asked).hasSize(fewest(data, maxDays));
  }

  /**
   * Requests of the best paging there is: from each first period as far as one answer can be known
   * to be whole, tried for every width that is allowed.
   */
  private static int fewest(Data data, int maxDays) {
    List<LocalDate> periods = data.days.periods(data.grouping).toList();
    int[] best = new int[periods.size() + 1];
    for (int i = periods.size() - 1; i >= 0; i--) {
      best[i] = Integer.MAX_VALUE;
      for (int j = i; j < periods.size(); j++) {
        LocalDate end = data.grouping.periodEnd(periods.get(j));
        DayRange ask =
            new DayRange(periods.get(i), end.isBefore(data.days.last()) ? end : data.days.last());
        if (j > i && ask.days() > maxDays) {
          break;
        }
        best[i] = Math.min(best[i], 1 + best[next(data, ask, periods, i, j)]);
      }
    }
    return best[0];
  }

  /** The first period that is not known to be whole after this answer. */
  private static int next(Data data, DayRange ask, List<LocalDate> periods, int i, int j) {
    List<Row> rows = answer(data, ask, data.limit);
    LocalDate last = last(rows);
    if (rows.size() < data.limit || last == null) {
      return j + 1;
    }
    int at = periods.indexOf(last);
    return last.equals(first(rows)) ? at + 1 : Math.max(at, i);
  }

  @Property(tries = 500)
  void refusedRangesAreHalvedAndNothingIsLost(
      @ForAll("data") Data data, @ForAll("widths") int allowed) {
    Paging paging = new Paging();
    paging.run(new Pager(data.grouping, data.days, data.limit, 2000), data, allowed, 10_000);
    assertWhole(paging, data, data.limit);
  }

  @Property(tries = 500)
  void aCapIsLearnedAndPagedAround(@ForAll("data") Data data, @ForAll("caps") int more) {
    int cap = data.most() + more;
    Paging paging = new Paging();
    paging.run(new Pager(data.grouping, data.days, 10_000, 2000), data, 10_000, cap);
    assertWhole(paging, data, cap);
    assertThat(paging.overLimit).isEmpty();
  }

  @Provide
  Arbitrary<Integer> caps() {
    return Arbitraries.integers().between(1, 40);
  }

  @Example
  void withoutDateGroupingTheRangeIsOnePeriod() {
    DayRange days = new DayRange(FIRST, FIRST.plusDays(400));
    Pager pager = new Pager(DateGrouping.NONE, days, 10, 7);
    assertThat(pager.ask()).isEqualTo(days);
    assertThat(pager.askIsSingle()).isTrue();
    assertThat(pager.rangeRefused()).isZero();
    assertThat(pager.answered(10, FIRST, FIRST)).isEqualTo(new Pager.Kept.OverLimit(FIRST));
    assertThat(pager.done()).isTrue();
    assertThatIllegalStateException().isThrownBy(pager::ask);
  }

  @Example
  void aSinglePeriodThatIsRefusedIsNotRefusedForItsWidth() {
    Pager pager = new Pager(DateGrouping.YEAR, new DayRange(FIRST, FIRST.plusDays(364)), 10, 180);
    assertThat(pager.ask().days()).isEqualTo(365);
    assertThat(pager.rangeRefused()).isZero();
    assertThat(pager.ask().days()).isEqualTo(365);
  }

  @Example
  void wrongUseIsRefused() {
    DayRange days = new DayRange(FIRST, FIRST.plusDays(3));
    assertThatIllegalArgumentException().isThrownBy(() -> new Pager(DateGrouping.DAY, days, 0, 1));
    assertThatIllegalArgumentException().isThrownBy(() -> new Pager(DateGrouping.DAY, days, 1, 0));
    Pager pager = new Pager(DateGrouping.DAY, days, 5, 10);
    assertThatIllegalArgumentException().isThrownBy(() -> pager.capLearned(0));
    assertThatIllegalArgumentException().isThrownBy(() -> pager.limit(0));
    assertThatIllegalArgumentException().isThrownBy(() -> pager.restartFrom(FIRST.minusDays(1)));
    assertThat(pager.answered(2, FIRST, FIRST)).isEqualTo(new Pager.Kept.All());
    pager.restartFrom(FIRST.plusDays(2));
    assertThat(pager.ask()).isEqualTo(new DayRange(FIRST.plusDays(2), FIRST.plusDays(3)));
  }
}
