package fathomexport.typing;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.math.BigDecimal;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The API's numbers, read strictly: ASCII decimal digits and nothing that Java's own parsers let
 * through besides ({@code NaN}, {@code 1d}, other scripts' digits, surrounding blanks, a leading
 * plus).
 */
public final class Numbers {
  private static final int LONGEST = 20;

  /** As many digits always fit a long. */
  private static final int LONG_DIGITS = 18;

  private static final int DECIMAL_DIGITS = 40;
  private static final int EXPONENT_DIGITS = 2;

  private Numbers() {}

  /**
   * A whole number of 64 bits, or empty.
   *
   * @param text the number's UTF-8, from {@code from} to before {@code to}
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
      // Counted downwards: the least long has no positive counterpart.
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
   * A decimal number, or empty: digits, perhaps a point and more digits, perhaps an exponent of up
   * to two digits.
   *
   * @param text the number's UTF-8, from {@code from} to before {@code to}
   */
  public static Optional<BigDecimal> decimal(byte[] text, int from, int to) {
    // By hand: a regular expression takes most of a row's time.
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

  /** Where the ASCII digits that begin here end, of which there may be so many. */
  private static int digits(byte[] text, int from, int to, int most) {
    int at = from;
    while (at < to && at - from < most && text[at] >= '0' && text[at] <= '9') {
      at++;
    }
    return at;
  }
}
