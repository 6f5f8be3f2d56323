package fathomexport.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.LocalDate;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class WindowProperties {
  private static final LocalDate BASE = LocalDate.of(2024, 1, 1);
  private static final Slice SITE = new Slice(new SiteId("CDBUGS"), null);

  @Provide
  Arbitrary<Window> windows() {
    return Combinators.combine(
            Arbitraries.of("a", "ab", "pages_daily"),
            Arbitraries.of("b", "bc", "CDBUGS"),
            Arbitraries.of("", "c", "sale"),
            Arbitraries.of(DateGrouping.class),
            Arbitraries.integers().between(0, 800),
            Arbitraries.integers().between(0, 800))
        .as(
            (report, site, event, grouping, from, more) -> {
              LocalDate first = grouping.periodStart(BASE.plusDays(from));
              return new Window(
                  report,
                  new Slice(new SiteId(site), event.isEmpty() ? null : event),
                  grouping,
                  new DayRange(first, first.plusDays(more)));
            });
  }

  @Property
  void idsAreEqualExactlyForEqualWindows(@ForAll("windows") Window a, @ForAll("windows") Window b) {
    assertThat(a.id()).matches("[0-9a-f]{16}");
    assertThat(a.id().equals(b.id())).isEqualTo(a.equals(b));
    assertThat(new Window(a.report(), a.slice(), a.dateGrouping(), a.days()).id())
        .isEqualTo(a.id());
  }

  @Property
  void onlyTheLastPeriodCanBeProvisional(@ForAll("windows") Window window) {
    List<LocalDate> periods = window.periods().toList();

    assertThat(periods.get(0)).isEqualTo(window.days().first());
    assertThat(periods.subList(0, periods.size() - 1)).noneMatch(window::provisional);
    LocalDate last = periods.get(periods.size() - 1);
    assertThat(window.provisional(last))
        .isEqualTo(
            window.dateGrouping() != DateGrouping.NONE
                && !window.dateGrouping().periodEnd(last).equals(window.days().last()));
  }

  @Example
  void idsStayWhatTheyWere() {
    assertThat(
            new Window(
                    "pages_daily",
                    SITE,
                    DateGrouping.DAY,
                    new DayRange(LocalDate.of(2026, 6, 1), LocalDate.of(2026, 6, 30)))
                .id())
        .isEqualTo("971f55792126cbad");
    // Where a part ends matters.
    assertThat(Digests.hex("a", "bc")).isNotEqualTo(Digests.hex("ab", "c"));
  }

  @Example
  void startsWithAPeriod() {
    DayRange days = new DayRange(LocalDate.of(2026, 6, 2), LocalDate.of(2026, 6, 30));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Window("a", SITE, DateGrouping.MONTH, days));
    assertThat(new Window("a", SITE, DateGrouping.NONE, days).periods())
        .containsExactly(days.first());
  }
}
