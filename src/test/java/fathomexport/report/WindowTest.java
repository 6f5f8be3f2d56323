package fathomexport.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.LocalDate;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Names of windows, which ledgers keep for years; their periods, and which of them still grow. */
class WindowTest {
  private static final LocalDate JANUARY = LocalDate.of(2026, 1, 1);
  private static final Slice SITE = new Slice(new SiteId("CDBUGS"), null);

  private static Window window(String report, Slice slice, DateGrouping grouping, String last) {
    return new Window(report, slice, grouping, new DayRange(JANUARY, LocalDate.parse(last)));
  }

  @Test
  void idIsTheSameInEveryVersion() {
    Window w = window("pages_daily", SITE, DateGrouping.DAY, "2026-01-31");
    // sha256 of 11:pages_daily6:CDBUGS0:3:day10:2026-01-0110:2026-01-31
    assertThat(w.id()).isEqualTo("9eca15742bb0b2f8");
    assertThat(w.id()).isEqualTo(window("pages_daily", SITE, DateGrouping.DAY, "2026-01-31").id());
  }

  @Test
  void everyPartCountsAndSoDoesWhereItEnds() {
    Set<String> ids = new HashSet<>();
    List<Window> windows =
        List.of(
            window("ab", SITE, DateGrouping.DAY, "2026-01-31"),
            window("a", SITE, DateGrouping.DAY, "2026-01-31"),
            window("ab", new Slice(new SiteId("CDBUG"), "S"), DateGrouping.DAY, "2026-01-31"),
            window("ab", new Slice(new SiteId("CDBUGS"), "S"), DateGrouping.DAY, "2026-01-31"),
            window("ab", new Slice(new SiteId("bCDBUGS"), null), DateGrouping.DAY, "2026-01-31"),
            window("a", new Slice(new SiteId("bCDBUGS"), null), DateGrouping.DAY, "2026-01-31"),
            window("ab", SITE, DateGrouping.MONTH, "2026-01-31"),
            window("ab", SITE, DateGrouping.NONE, "2026-01-31"),
            window("ab", SITE, DateGrouping.HOUR, "2026-01-31"),
            window("ab", SITE, DateGrouping.DAY, "2026-01-30"));
    windows.forEach(w -> ids.add(w.id()));
    assertThat(ids).hasSize(windows.size()).allMatch(id -> id.matches("[0-9a-f]{16}"));
  }

  @Test
  void monthsAndYearsStartWithTheirFirstDay() {
    DayRange odd = new DayRange(LocalDate.of(2026, 1, 2), LocalDate.of(2026, 12, 31));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Window("r", SITE, DateGrouping.MONTH, odd));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Window("r", SITE, DateGrouping.YEAR, odd));
    assertThat(new Window("r", SITE, DateGrouping.DAY, odd).periods()).hasSize(364);
    assertThat(new Window("r", SITE, DateGrouping.NONE, odd).periods())
        .containsExactly(odd.first());
  }

  @Test
  void aPeriodThatIsNotOverIsProvisional() {
    Window months = window("r", SITE, DateGrouping.MONTH, "2026-03-30");
    assertThat(months.periods())
        .containsExactly(JANUARY, LocalDate.of(2026, 2, 1), LocalDate.of(2026, 3, 1));
    assertThat(months.periods().filter(months::provisional))
        .containsExactly(LocalDate.of(2026, 3, 1));
    Window whole = window("r", SITE, DateGrouping.MONTH, "2026-03-31");
    assertThat(whole.periods().filter(whole::provisional)).isEmpty();
    Window year = window("r", SITE, DateGrouping.YEAR, "2026-12-30");
    assertThat(year.provisional(JANUARY)).isTrue();
    Window none = window("r", SITE, DateGrouping.NONE, "2026-01-10");
    assertThat(none.provisional(JANUARY)).isFalse();
  }
}
