package fathomexport.fetch.partition;

import fathomexport.report.Filter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** Builds regular expressions from texts and computes the length of filters in a request. */
final class Patterns {
  private static final int FILTER_OVERHEAD = 95;

  /** Characters that differ only in case, by the character that they are folded to. */
  private static final Map<Integer, List<Integer>> CASES = cases();

  private Patterns() {}

  private static Map<Integer, List<Integer>> cases() {
    Map<Integer, List<Integer>> cases = new HashMap<>();
    for (int c = Character.MIN_CODE_POINT; c < 0x1F000; c++) {
      if (fold(c) != c) {
        cases.computeIfAbsent(fold(c), f -> new ArrayList<>(List.of(f))).add(c);
      }
    }
    return cases;
  }

  /** Returns whether a character can be sent: half of a surrogate pair has no UTF-8 encoding. */
  static boolean sendable(int c) {
    return c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE;
  }

  /**
   * Returns an expression that matches a text, with a wildcard for each character that cannot be
   * sent.
   */
  static String like(String text) {
    StringBuilder regex = new StringBuilder("^");
    text.codePoints().forEach(c -> regex.append(sendable(c) ? literal(c) : ".+"));
    return regex.append('$').toString();
  }

  /** Returns the representative of all characters that differ only in case. */
  static int fold(int c) {
    return Character.toLowerCase(Character.toUpperCase(c));
  }

  static String fold(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c >= 0x80 || (c >= 'A' && c <= 'Z')) {
        return text.codePoints()
            .map(Patterns::fold)
            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
            .toString();
      }
    }
    return text;
  }

  /** Returns a character as a literal, valid inside and outside a character class. */
  static String literal(int c) {
    if (c < 0x20 || c == 0x7f) {
      return String.format("\\x%02x", c);
    }
    boolean plain = c >= 0x80 || c == ' ' || c == '_' || (c < 0x80 && Character.isLetterOrDigit(c));
    return plain ? Character.toString(c) : "\\" + (char) c;
  }

  /** Returns an expression for a character in any case. */
  static String anyCase(int c) {
    List<Integer> all = CASES.getOrDefault(fold(c), List.of());
    return all.isEmpty() ? literal(c) : anyOf(all);
  }

  /** Returns an expression for a text in any case. */
  static String anyCase(String text) {
    StringBuilder regex = new StringBuilder();
    text.codePoints().forEach(c -> regex.append(anyCase(c)));
    return regex.toString();
  }

  /** Returns a character class of folded characters in any case. */
  static String anyCaseOf(Iterable<Integer> folded) {
    TreeSet<Integer> all = new TreeSet<>();
    for (int c : folded) {
      all.add(c);
      all.addAll(CASES.getOrDefault(c, List.of()));
    }
    return anyOf(all);
  }

  private static String anyOf(Iterable<Integer> characters) {
    StringBuilder regex = new StringBuilder("[");
    characters.forEach(c -> regex.append(literal(c)));
    return regex.append(']').toString();
  }

  /** Returns an upper bound of the bytes that a filter adds to a URL. */
  static int encodedLength(Filter filter) {
    return FILTER_OVERHEAD + filter.property().apiName().length() + encodedLength(filter.value());
  }

  /** Returns the bytes of a text within a JSON string in a URL. */
  static int encodedLength(String text) {
    int length = 0;
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      if (c < 0x20) {
        length += 8;
      } else if (c == '"' || c == '\\') {
        length += 6;
      } else if (c < 0x80) {
        length += Character.isLetterOrDigit(c) ? 1 : 3;
      } else {
        length += c < 0x800 ? 6 : c < 0x10000 ? 9 : 12;
      }
    }
    return length;
  }
}
