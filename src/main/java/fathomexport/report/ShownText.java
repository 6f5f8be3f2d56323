package fathomexport.report;

/**
 * Makes external text safe to display. Names of sites, events and paths, error messages of the API,
 * file contents and exception messages may contain characters that control a terminal, forge a
 * line, reverse the text around them, or are invisible. Each of these appears as its code, such as
 * <code>&#92;u001b</code>. Letters of all scripts, marks and emoji stay as they are.
 *
 * <p>The following appear as codes: control characters (C0, DEL, C1), format characters
 * (bidirectional controls, zero-width characters, byte order marks, tags), line and paragraph
 * separators, and unpaired surrogates. A joiner between two characters outside ASCII stays, because
 * emoji and several scripts need it.
 */
public final class ShownText {
  /** Maximum length of a line, in characters. */
  private static final int LONGEST_LINE = 4_000;

  /** Maximum length of a word, in characters. Longer ones are names or ids, not words. */
  private static final int LONGEST_WORD = 300;

  /** Maximum length of a table cell, in characters. */
  private static final int LONGEST_CELL = 400;

  /** Number of characters that remain of a word that is too long. */
  private static final int SHOWN_OF_WORD = 100;

  private static final int ZERO_WIDTH_NON_JOINER = 0x200C;
  private static final int ZERO_WIDTH_JOINER = 0x200D;

  private ShownText() {}

  /** Returns the text on one line. Long words and lines are cut, followed by their length. */
  public static String line(String text) {
    return cut(words(text), LONGEST_LINE, LONGEST_LINE);
  }

  /** Returns the text on one line of any length, with long words cut. */
  public static String words(String text) {
    return shortened(escaped(text, false));
  }

  /**
   * Returns a text of several lines that the program itself composed. Line breaks and tabs stay.
   */
  public static String lines(String text) {
    return escaped(text, true);
  }

  /**
   * Returns the text as a table cell: on one line, and short enough to leave room for other cells.
   */
  public static String cell(String text) {
    return cut(words(text), LONGEST_CELL, LONGEST_CELL);
  }

  /**
   * Returns the JSON document with its unsafe characters escaped. Its value does not change,
   * because such characters occur only within strings.
   */
  public static String json(String json) {
    return escaped(json, true);
  }

  private static String escaped(String text, boolean breaks) {
    int i = 0;
    while (i < text.length() && isPlain(text.charAt(i))) {
      i++;
    }
    if (i == text.length()) {
      return text;
    }
    StringBuilder out = new StringBuilder(text.length() + 16).append(text, 0, i);
    while (i < text.length()) {
      int c = text.codePointAt(i);
      int next = i + Character.charCount(c);
      if (isShown(text, i, c, next) || (breaks && (c == '\n' || c == '\r' || c == '\t'))) {
        out.appendCodePoint(c);
      } else {
        for (; i < next; i++) {
          code(text.charAt(i), out);
        }
      }
      i = next;
    }
    return out.toString();
  }

  private static boolean isPlain(char c) {
    return c >= ' ' && c < 0x7f;
  }

  private static boolean isShown(String text, int at, int c, int next) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE ->
          false;
      case Character.FORMAT ->
          (c == ZERO_WIDTH_JOINER || c == ZERO_WIDTH_NON_JOINER)
              && at > 0
              && next < text.length()
              && isJoined(text.codePointBefore(at))
              && isJoined(text.codePointAt(next));
      // This Java version may not know the newest emoji, so unassigned characters stay. The code
      // points excluded here are reserved for invisible characters.
      case Character.UNASSIGNED -> c != 0x2065 && (c < 0xE0000 || c > 0xE0FFF);
      default -> true;
    };
  }

  /** Returns whether a joiner next to this character can have a meaning. */
  private static boolean isJoined(int c) {
    if (c < 0x80) {
      return false;
    }
    int type = Character.getType(c);
    return Character.isLetter(c)
        || type == Character.NON_SPACING_MARK
        || type == Character.COMBINING_SPACING_MARK
        || type == Character.OTHER_SYMBOL
        || type == Character.MODIFIER_SYMBOL;
  }

  private static void code(char c, StringBuilder out) {
    out.append("\\u");
    for (int shift = 12; shift >= 0; shift -= 4) {
      out.append(Character.forDigit((c >> shift) & 0xf, 16));
    }
  }

  private static String shortened(String line) {
    if (line.length() <= LONGEST_WORD) {
      return line;
    }
    StringBuilder out = new StringBuilder();
    int word = 0;
    for (int i = 0; i <= line.length(); i++) {
      if (i == line.length() || line.charAt(i) == ' ') {
        out.append(cut(line.substring(word, i), LONGEST_WORD, SHOWN_OF_WORD));
        if (i < line.length()) {
          out.append(' ');
        }
        word = i + 1;
      }
    }
    return out.toString();
  }

  private static String cut(String text, int most, int shown) {
    int length = text.codePointCount(0, text.length());
    return length <= most
        ? text
        : text.substring(0, text.offsetByCodePoints(0, shown)) + "…(" + length + " characters)";
  }
}
