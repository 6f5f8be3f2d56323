package fathomexport.fetch.partition;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The orders in which a server may sort a text field, each with the regular expression for "from
 * this value on" in that order. The expressions use only syntax that Java, PCRE, Python and RE2
 * read alike.
 */
enum FieldOrder {
  /** By code points, which equals the order of the UTF-8 bytes. */
  CODE_POINT {
    @Override
    int fold(int c) {
      return c;
    }

    @Override
    String above(int c) {
      return "[^\\x00-" + Patterns.literal(c) + "]";
    }
  },
  /** Ignoring case, with the characters between Z and a before the letters. */
  LOWER_CASE {
    @Override
    int fold(int c) {
      return Character.toLowerCase(c);
    }

    @Override
    String above(int c) {
      int low = fold(c);
      if (low >= '[' && low <= '`') {
        return "[^\\x00-@\\[-" + Patterns.literal(low) + "]";
      }
      return low >= 'a' && low <= 'z'
          ? "[^\\x00-" + (char) (low - 'a' + 'A') + "\\[-" + (char) low + "]"
          : "[^\\x00-" + Patterns.literal(low) + "]";
    }
  },
  /** Ignoring case, with the characters between Z and a after the letters. */
  UPPER_CASE {
    @Override
    int fold(int c) {
      return Character.toUpperCase(c);
    }

    @Override
    String above(int c) {
      int up = fold(c);
      if (up >= '[' && up <= '`') {
        return "[^\\x00-" + Patterns.literal(up) + "a-z]";
      }
      return up >= 'A' && up <= 'Z'
          ? "[^\\x00-" + (char) up + "a-" + (char) (up - 'A' + 'a') + "]"
          : "[^\\x00-" + Patterns.literal(up) + "]";
    }
  };

  /** Nesting depth of groups that every regular expression engine accepts. */
  private static final int MOST_LEVELS = 90;

  abstract int fold(int c);

  /** Returns a character class of the characters that are greater than this one. */
  abstract String above(int c);

  private String same(int c) {
    return this == CODE_POINT ? Patterns.literal(c) : Patterns.anyCase(c);
  }

  /** Returns whether the class of greater characters can be written for a character. */
  private boolean known(int c) {
    // Ignoring case, the order of letters outside ASCII is unknown.
    return (this == CODE_POINT && Patterns.sendable(c)) || c < 0x80;
  }

  int compare(String a, String b) {
    int i = 0;
    int j = 0;
    while (i < a.length() && j < b.length()) {
      int c = a.codePointAt(i);
      int d = b.codePointAt(j);
      int order = Integer.compare(fold(c), fold(d));
      if (order != 0) {
        return order;
      }
      i += Character.charCount(c);
      j += Character.charCount(d);
    }
    return Integer.compare(a.length() - i, b.length() - j);
  }

  /**
   * Returns the shortest prefix of a value that is greater than the value before it. If the
   * expression for it would be too long, the prefix is shorter, and the next response repeats some
   * rows.
   *
   * @param below the value before; null if there is none
   * @param room encoded length that the expression may have
   */
  String separator(@Nullable String below, String value, int room) {
    if (below == null) {
      return "";
    }
    int i = 0;
    int j = 0;
    int levels = 0;
    int left = room - Patterns.encodedLength("^");
    while (j < value.length() && levels < MOST_LEVELS) {
      int d = value.codePointAt(j);
      left -= Patterns.encodedLength("(?:" + above(d) + "|" + same(d) + ")");
      if (!known(d) || left < 0) {
        break;
      }
      levels++;
      j += Character.charCount(d);
      if (i >= below.length()) {
        break;
      }
      int c = below.codePointAt(i);
      if (fold(c) != fold(d)) {
        break;
      }
      i += Character.charCount(c);
    }
    return value.substring(0, j);
  }

  /** Returns an expression that matches exactly the values that do not sort before a prefix. */
  String from(String prefix) {
    StringBuilder regex = new StringBuilder("^");
    int levels = 0;
    for (int i = 0; i < prefix.length(); levels++) {
      int c = prefix.codePointAt(i);
      regex.append("(?:").append(above(c)).append('|').append(same(c));
      i += Character.charCount(c);
    }
    return regex.append(")".repeat(levels)).toString();
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }
}
