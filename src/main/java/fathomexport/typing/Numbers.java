package fathomexport.typing;

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
  private static final int DECIMAL_DIGITS = 40;
  private static final int EXPONENT_DIGITS = 2;

  private Numbers() {}

  /** A whole number of 64 bits, or empty. */
  public static OptionalLong whole(String text) {
    int length = text.length();
    boolean negative = length > 0 && text.charAt(0) == '-';
    int at = negative ? 1 : 0;
    if (at == length || length > LONGEST) {
      return OptionalLong.empty();
    }
    long value = 0;
    for (; at < length; at++) {
      int digit = text.charAt(at) - '0';
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
   */
  public static Optional<BigDecimal> decimal(String text) {
    return isDecimal(text) ? Optional.of(new BigDecimal(text)) : Optional.empty();
  }

  /** By hand: a regular expression takes most of a row's time. */
  private static boolean isDecimal(String text) {
    int start = text.startsWith("-") ? 1 : 0;
    int at = digits(text, start, DECIMAL_DIGITS);
    if (at == start) {
      return false;
    }
    if (at < text.length() && text.charAt(at) == '.') {
      int fraction = at + 1;
      at = digits(text, fraction, DECIMAL_DIGITS);
      if (at == fraction) {
        return false;
      }
    }
    if (at < text.length() && (text.charAt(at) == 'e' || text.charAt(at) == 'E')) {
      at++;
      boolean signed = at < text.length() && (text.charAt(at) == '+' || text.charAt(at) == '-');
      int exponent = signed ? at + 1 : at;
      at = digits(text, exponent, EXPONENT_DIGITS);
      if (at == exponent) {
        return false;
      }
    }
    return at == text.length();
  }

  /** Where the ASCII digits that begin here end, of which there may be so many. */
  private static int digits(String text, int from, int most) {
    int at = from;
    while (at < text.length()
        && at - from < most
        && text.charAt(at) >= '0'
        && text.charAt(at) <= '9') {
      at++;
    }
    return at;
  }
}
