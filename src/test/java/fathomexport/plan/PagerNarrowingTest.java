package fathomexport.plan;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import java.time.LocalDate;
import org.junit.jupiter.api.Test;

/** What is learned about widths between a question and its answer does not move the answer. */
class PagerNarrowingTest {
  private static final LocalDate FIRST = LocalDate.of(2026, 1, 1);
  private static final DayRange QUARTER = new DayRange(FIRST, LocalDate.of(2026, 3, 31));

  @Test
  void anAnswerIsAboutTheDaysThatWereAskedFor() {
    Pager pager = new Pager(DateGrouping.DAY, QUARTER, 100, 180);
    assertThat(pager.ask()).isEqualTo(QUARTER);
    pager.narrow(1);
    assertThat(pager.ask()).isEqualTo(DayRange.of(FIRST));
    pager.narrow(45);

    assertThat(pager.answered(3, FIRST, FIRST)).isEqualTo(new Pager.Kept.All());

    assertThat(pager.ask()).isEqualTo(new DayRange(FIRST.plusDays(1), FIRST.plusDays(45)));
  }

  @Test
  void aRefusedRangeIsHalvedDownToASinglePeriod() {
    Pager pager = new Pager(DateGrouping.DAY, QUARTER, 100, 180);
    int width = QUARTER.days();
    while (pager.ask().days() > 1) {
      width = width / 2;
      assertThat(pager.rangeRefused()).isEqualTo(width);
      assertThat(pager.ask()).isEqualTo(new DayRange(FIRST, FIRST.plusDays(width - 1L)));
    }
    assertThat(pager.rangeRefused()).isZero();
  }
}
