package fathomexport.typing;

import java.math.BigDecimal;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/**
 * The API's numbers, read strictly: ASCII decimal digits and nothing that Java's own parsers let
 * through besides ({@code NaN}, {@code 1d}, other scripts' digits, surrounding blanks, a leading
 * plus).
 */
public final class Numbers {
  private static final Pattern DECIMAL =
      Pattern.compile("-?[0-9]{1,40}(\\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?");
  private static final int LONGEST = 20;

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

  /** A decimal number, or empty. */
  public static Optional<BigDecimal> decimal(String text) {
    return DECIMAL.matcher(text).matches() ? Optional.of(new BigDecimal(text)) : Optional.empty();
  }
}
