package fathomexport.certify;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.certify.UnitGuard.Unit;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Rates tell their unit, in both eras, however they were rounded. */
class UnitGuardProperties {
  /** One row: visits, of which so many bounced. */
  record Row(long visits, long bounces) {
    BigDecimal rate(int full, Rounding rounding) {
      BigDecimal exact =
          BigDecimal.valueOf(bounces * full)
              .divide(BigDecimal.valueOf(visits), MathContext.DECIMAL64);
      return switch (rounding) {
        case FOURTEEN_DIGITS -> exact.round(new MathContext(14));
        case FOUR_BEHIND_THE_POINT -> exact.setScale(4, RoundingMode.HALF_UP);
        case FOUR_DIGITS -> exact.round(new MathContext(4));
      };
    }
  }

  enum Rounding {
    FOURTEEN_DIGITS,
    FOUR_BEHIND_THE_POINT,
    FOUR_DIGITS
  }

  /** From about 2,000 visits on, a ratio of 1 has too few digits to rule out a whole percentage. */
  @Provide
  Arbitrary<List<Row>> rows() {
    return Combinators.combine(
            Arbitraries.longs().between(1, 1900), Arbitraries.integers().between(0, 1000))
        .as((visits, part) -> new Row(visits, visits * part / 1000))
        .list()
        .ofMinSize(1)
        .ofMaxSize(30);
  }

  private static Unit unit(List<Row> rows, int full, Rounding rounding) {
    UnitGuard guard = new UnitGuard();
    rows.forEach(r -> guard.row(r.visits, r.rate(full, rounding)));
    return guard.unit();
  }

  /**
   * Whether a row's ratio, read as a percentage, gives no whole bounces: that reading gives a
   * hundredth of them. The nearest miss is 0.01; the guard's tolerance stays below it: 1,900 visits
   * x half of the fourth digit / 100 = 0.001, and 0.0095 for a ratio of just 1.
   */
  private static boolean tells(Row row) {
    return row.bounces % 100 != 0;
  }

  @Property(tries = 500)
  void percentagesAreNeverTakenForRatios(
      @ForAll("rows") List<Row> rows, @ForAll Rounding rounding) {
    assertThat(unit(rows, 100, rounding)).isEqualTo(Unit.PERCENT);
  }

  @Property(tries = 500)
  void ratiosAreNeverTakenForPercentages(
      @ForAll("rows") List<Row> rows, @ForAll Rounding rounding) {
    Unit unit = unit(rows, 1, rounding);
    // Rows that give whole bounces both ways, as zero does, are read in today's unit.
    boolean known = rows.stream().anyMatch(UnitGuardProperties::tells);
    assertThat(unit).isEqualTo(known ? Unit.RATIO : Unit.PERCENT);
  }

  @Property(tries = 300)
  void aRateThatGivesNoWholeBouncesFitsNeither(@ForAll("rows") List<Row> rows) {
    UnitGuard guard = new UnitGuard();
    rows.forEach(r -> guard.row(r.visits, r.rate(100, Rounding.FOURTEEN_DIGITS)));
    guard.row(3, new BigDecimal("41.234567890123"));
    assertThat(guard.unit()).isEqualTo(Unit.NEITHER);
  }

  @Property(tries = 300)
  void theTwoErasInOneWindowFitNeither(@ForAll("rows") List<Row> rows) {
    UnitGuard guard = new UnitGuard();
    rows.forEach(r -> guard.row(r.visits, r.rate(100, Rounding.FOURTEEN_DIGITS)));
    guard.row(7, new Row(7, 3).rate(1, Rounding.FOURTEEN_DIGITS));
    guard.row(7, new Row(7, 3).rate(100, Rounding.FOURTEEN_DIGITS));
    assertThat(guard.unit()).isEqualTo(Unit.NEITHER);
  }

  @Example
  void oddRates() {
    assertThat(new UnitGuard().unit()).isEqualTo(Unit.PERCENT);
    for (String rate : List.of("-1", "-0.5", "100.1", "101", "1e5")) {
      UnitGuard guard = new UnitGuard();
      guard.row(1000, new BigDecimal(rate));
      assertThat(guard.unit()).as(rate).isEqualTo(Unit.NEITHER);
    }
  }

  @Example
  void rowsWithoutVisitsSayNothing() {
    UnitGuard guard = new UnitGuard();
    guard.row(0, new BigDecimal("0"));
    guard.row(3, new BigDecimal("33.333333333333"));
    assertThat(guard.unit()).isEqualTo(Unit.PERCENT);
  }
}
