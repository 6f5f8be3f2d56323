package fathomexport.certify;

import java.math.BigDecimal;
import java.util.stream.IntStream;

/**
 * Detects whether {@code bounce_rate} is a ratio (0 to 1) or a percentage (0 to 100): under the
 * right unit, bounces = rate × visits is a whole number. The API changed the unit once, without a
 * version. All rows of a window have the same unit, so they decide together.
 */
public final class UnitGuard {
  /** The unit of the rates. */
  public enum Unit {
    RATIO,
    PERCENT,
    /** Neither unit gives whole numbers of bounces: the rates cannot be stored. */
    NEITHER
  }

  /** Rates have at least four digits, either decimal places or significant digits. */
  private static final int DIGITS = 4;

  /** With more uncertainty than this, any rate gives a whole number of bounces. */
  private static final double TOO_UNCERTAIN = 0.25;

  private static final double ROUNDING = 1e-6;

  /** Half a unit of the decimal place, by its index. */
  private static final double[] HALF_UNITS =
      IntStream.rangeClosed(0, 40).mapToDouble(UnitGuard::halfUnit).toArray();

  private boolean ratioFits = true;
  private boolean percentFits = true;
  private boolean telling;
  private boolean aboveOne;
  private boolean aboveZero;

  /** Adds the bounce rate of one row, as the API sent it, and the row's visits. */
  public void row(long visits, BigDecimal rate) {
    double value = rate.doubleValue();
    if (value < 0) {
      ratioFits = false;
      percentFits = false;
      return;
    }
    aboveZero |= value > 0;
    double uncertainty = uncertainty(rate);
    aboveOne |= value > 1 + uncertainty;
    ratioFits &= fits(visits, value, uncertainty, 1);
    percentFits &= fits(visits, value, uncertainty, 100);
  }

  /** Returns the unit of all rows together. */
  public Unit unit() {
    boolean ratio = ratioFits && !aboveOne;
    if (percentFits && (!ratio || telling || !aboveZero)) {
      return Unit.PERCENT;
    }
    // If no row is decisive, rates that are all below 1 are ratios: bounce rates below 1 % on all
    // rows are implausible.
    return ratio ? Unit.RATIO : Unit.NEITHER;
  }

  /** Returns whether any rate shows the unit: zero is the same in both. */
  public boolean isKnown() {
    return aboveZero;
  }

  private boolean fits(long visits, double value, double uncertainty, int full) {
    double bounces = visits * value / full;
    double tolerance = visits * uncertainty / full + ROUNDING * Math.max(1, bounces);
    if (tolerance >= TOO_UNCERTAIN) {
      return value <= full + uncertainty;
    }
    telling |= full == 100 && value > 0;
    return value <= full + uncertainty && Math.abs(bounces - Math.rint(bounces)) <= tolerance;
  }

  /** Returns half a unit of the last reliable digit. */
  private static double uncertainty(BigDecimal rate) {
    BigDecimal shown = rate.stripTrailingZeros();
    int behindPoint = Math.max(shown.scale(), 0);
    int beforePoint = Math.max(shown.precision() - shown.scale(), 0);
    int trusted;
    if (shown.precision() <= DIGITS) {
      trusted = Math.min(DIGITS, Math.max(DIGITS - beforePoint, 0));
    } else {
      trusted = Math.max(DIGITS, behindPoint);
    }
    return trusted < HALF_UNITS.length ? HALF_UNITS[trusted] : halfUnit(trusted);
  }

  private static double halfUnit(int digit) {
    return 0.5 * Math.pow(10, -digit);
  }
}
