package fathomexport.api;

/** Characters that JSON can hold but neither UTF-8 nor PostgreSQL can. */
final class Surrogates {
  private static final char REPLACEMENT = '\uFFFD';

  private Surrogates() {}

  /** Index of the first lone surrogate, or -1. */
  static int firstLone(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (isLone(text, i)) {
        return i;
      }
    }
    return -1;
  }

  /** How many characters are U+0000 or lone surrogates. */
  static int countUnstorable(String text) {
    int count = 0;
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) == 0 || isLone(text, i)) {
        count++;
      }
    }
    return count;
  }

  /** The text with U+FFFD for each U+0000 and lone surrogate. */
  static String storable(String text) {
    StringBuilder fixed = null;
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) == 0 || isLone(text, i)) {
        if (fixed == null) {
          fixed = new StringBuilder(text);
        }
        fixed.setCharAt(i, REPLACEMENT);
      }
    }
    return fixed == null ? text : fixed.toString();
  }

  private static boolean isLone(String text, int i) {
    char c = text.charAt(i);
    if (Character.isHighSurrogate(c)) {
      return i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1));
    }
    return Character.isLowSurrogate(c)
        && (i == 0 || !Character.isHighSurrogate(text.charAt(i - 1)));
  }
}
