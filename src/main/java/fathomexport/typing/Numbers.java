package fathomexport.typing;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.math.BigDecimal;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Strict parsers for the API's numbers. They accept ASCII decimal digits only, and reject what
 * Java's parsers accept beyond that ({@code NaN}, {@code 1d}, digits of other scripts, surrounding
 * blanks, a leading plus).
 */
public final class Numbers {
  private static final int LONGEST = 20;

  /** Numbers of up to this many digits always fit into a long. */
  private static final int LONG_DIGITS = 18;

  private static final int DECIMAL_DIGITS = 40;
  private static final int EXPONENT_DIGITS = 2;

  private Numbers() {}

  /**
   * Parses a whole number of 64 bits.
   *
   * @param text contains the number's UTF-8 from index {@code from} to before {@code to}
   * @return the number, or empty if the text is not one
   */
  public static OptionalLong whole(byte[] text, int from, int to) {
    boolean negative = from < to && text[from] == '-';
    int at = negative ? from + 1 : from;
    if (at == to || to - from > LONGEST) {
      return OptionalLong.empty();
    }
    long value = 0;
    for (; at < to; at++) {
      int digit = text[at] - '0';
      // Accumulate negative values: Long.MIN_VALUE has no positive counterpart.
      if (digit < 0 || digit > 9 || value < (Long.MIN_VALUE + digit) / 10) {
        return OptionalLong.empty();
      }
      value = value * 10 - digit;
    }
    if (negative) {
      return OptionalLong.of(value);
    }
    return value == Long.MIN_VALUE ? OptionalLong.empty() : OptionalLong.of(-value);
  }

  /**
   * Parses a decimal number: digits, optionally a point and more digits, optionally an exponent of
   * up to two digits.
   *
   * @param text contains the number's UTF-8 from index {@code from} to before {@code to}
   * @return the number, or empty if the text is not one
   */
  public static Optional<BigDecimal> decimal(byte[] text, int from, int to) {
    // Parsed by hand: a regular expression would take most of the time spent per row.
    int start = from < to && text[from] == '-' ? from + 1 : from;
    int point = digits(text, start, to, DECIMAL_DIGITS);
    if (point == start) {
      return Optional.empty();
    }
    int end = point;
    if (end < to && text[end] == '.') {
      end = digits(text, point + 1, to, DECIMAL_DIGITS);
      if (end == point + 1) {
        return Optional.empty();
      }
    }
    if (end == to && to - start <= LONG_DIGITS) {
      long unscaled = 0;
      for (int at = start; at < to; at++) {
        unscaled = at == point ? unscaled : unscaled * 10 + (text[at] - '0');
      }
      return Optional.of(
          BigDecimal.valueOf(start == from ? unscaled : -unscaled, Math.max(to - point - 1, 0)));
    }
    if (end < to && (text[end] == 'e' || text[end] == 'E')) {
      boolean signed = end + 1 < to && (text[end + 1] == '+' || text[end + 1] == '-');
      int exponent = signed ? end + 2 : end + 1;
      end = digits(text, exponent, to, EXPONENT_DIGITS);
      if (end == exponent) {
        return Optional.empty();
      }
    }
    return end == to
        ? Optional.of(new BigDecimal(new String(text, from, to - from, US_ASCII)))
        : Optional.empty();
  }

  /**
   * Returns the index after the ASCII digits that begin at {@code from}, at most {@code most} of
   * them.
   */
  private static int digits(byte[] text, int from, int to, int most) {
    int at = from;
    while (at < to && at - from < most && text[at] >= '0' && text[at] <= '9') {
      at++;
    }
    return at;
  }
}
