package fathomexport.certify;

import java.math.BigDecimal;
import java.util.stream.IntStream;

/**
 * Tells whether {@code bounce_rate} came as a ratio (0 to 1) or as a percentage (0 to 100): bounces
 * = rate x visits is a whole number under the right unit. The API changed the unit once, without a
 * version; one window comes from one answer's era, so its rows decide together.
 */
public final class UnitGuard {
  /** What the rows say. */
  public enum Unit {
    RATIO,
    PERCENT,
    /** Neither unit gives whole bounces: the rates cannot be stored as anything. */
    NEITHER
  }

  /** Rates are given to at least four digits, behind the point or significant ones. */
  private static final int DIGITS = 4;

  /** Beyond this uncertainty any rate gives a whole number of bounces. */
  private static final double TELLING = 0.25;

  private static final double ROUNDING = 1e-6;

  /** Half a unit of the digit so far behind the point. */
  private static final double[] HALF_UNITS =
      IntStream.rangeClosed(0, 40).mapToDouble(UnitGuard::halfUnit).toArray();

  private boolean ratioFits = true;
  private boolean percentFits = true;
  private boolean telling;
  private boolean aboveOne;
  private boolean aboveZero;

  /** Takes the rate of one row, as it was given, and its visits. */
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

  /** The unit of all rows together. */
  public Unit unit() {
    boolean ratio = ratioFits && !aboveOne;
    if (percentFits && (!ratio || telling || !aboveZero)) {
      return Unit.PERCENT;
    }
    // Without a telling row, rates that are all below one are ratios: nobody's sites all bounce
    // below 1 %.
    return ratio ? Unit.RATIO : Unit.NEITHER;
  }

  private boolean fits(long visits, double value, double uncertainty, int full) {
    double bounces = visits * value / full;
    double tolerance = visits * uncertainty / full + ROUNDING * Math.max(1, bounces);
    if (tolerance >= TELLING) {
      return value <= full + uncertainty;
    }
    telling |= full == 100 && value > 0;
    return value <= full + uncertainty && Math.abs(bounces - Math.rint(bounces)) <= tolerance;
  }

  /** Half a unit of the last digit that can be trusted. */
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
