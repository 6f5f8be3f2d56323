package fathomexport.sink.postgres.commit;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.ledger.RestatementReason;
import fathomexport.sink.postgres.commit.RestatementWriter.Line;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Which lines a changed period leaves in the journal. */
class RestatementWriterTest {
  private static final LocalDate DAY = LocalDate.of(2026, 6, 1);
  private static final List<String> MEASURES = List.of("visits", "pageviews");

  private static TableTotals totals(long rows, @Nullable Integer... sums) {
    Map<String, @Nullable BigDecimal> byMeasure = new HashMap<>();
    for (int i = 0; i < sums.length; i++) {
      Integer sum = sums[i];
      byMeasure.put(MEASURES.get(i), sum == null ? null : BigDecimal.valueOf(sum));
    }
    return new TableTotals(rows, byMeasure);
  }

  private static List<Line> lines(Map<LocalDate, TableTotals> before, TableTotals... after) {
    Map<LocalDate, TableTotals> now = new HashMap<>();
    Arrays.stream(after).forEach(t -> now.put(DAY, t));
    return RestatementWriter.lines(
        List.of(DAY),
        MEASURES,
        before,
        now,
        (day, countsChanged) -> countsChanged ? RestatementReason.SOURCE : RestatementReason.UNIT);
  }

  private static Line line(String measure, @Nullable Integer before, @Nullable Integer after) {
    return new Line(
        DAY,
        measure,
        before == null ? null : BigDecimal.valueOf(before),
        after == null ? null : BigDecimal.valueOf(after),
        RestatementReason.SOURCE);
  }

  @Test
  void aChangeThatKeepsEverySumIsAChange() {
    assertThat(lines(Map.of(DAY, totals(2, 5, 7)), totals(2, 5, 7)))
        .containsExactly(
            new Line(
                DAY, "rows", BigDecimal.valueOf(2), BigDecimal.valueOf(2), RestatementReason.UNIT));
  }

  @Test
  void onlyMeasuresThatDifferHaveALine() {
    assertThat(lines(Map.of(DAY, totals(2, 5, 7)), totals(3, 5, 8)))
        .containsExactly(line("rows", 2, 3), line("pageviews", 7, 8));
  }

  @Test
  void nothingThatBecomesZeroIsAChange() {
    assertThat(lines(Map.of(DAY, totals(1, 5, null)), totals(1, 5, 0)))
        .containsExactly(line("rows", 1, 1), line("pageviews", null, 0));
  }

  /** Zero visitors were measured: that is a number, and not the lack of one. */
  @Test
  void aPeriodWithoutRowsHasSumsOfZero() {
    assertThat(lines(Map.of(DAY, totals(1, 5, 7))))
        .containsExactly(line("rows", 1, 0), line("visits", 5, 0), line("pageviews", 7, 0));
  }
}
