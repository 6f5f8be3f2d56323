package fathomexport.report;

/**
 * Text as people are shown it. Names of sites, events and paths, the API's error messages, the
 * content of files and messages of exceptions come from outside: they may hold characters that
 * command a terminal, forge a line, reverse what stands beside them, or show nothing at all. Each
 * of those appears as its code, such as <code>&#92;u001b</code>; letters of all scripts, marks and
 * emoji stay as they are.
 *
 * <p>These are shown as codes: control characters (C0, DEL, C1), format characters (bidirectional
 * controls, zero-width characters, byte order marks, tags), line and paragraph separators, and
 * halves of surrogate pairs. A joiner between two characters outside ASCII stays: emoji and several
 * scripts are written with it.
 */
public final class ShownText {
  /** Most characters of a line. */
  private static final int LONGEST_LINE = 4_000;

  /** Most characters without white space between: longer ones are no words, but names or ids. */
  private static final int LONGEST_WORD = 300;

  /** Most characters of a cell. */
  private static final int LONGEST_CELL = 400;

  /** How many are shown of what is too long. */
  private static final int SHOWN_OF_WORD = 100;

  private static final int ZERO_WIDTH_NON_JOINER = 0x200C;
  private static final int ZERO_WIDTH_JOINER = 0x200D;

  private ShownText() {}

  /** A text in one line; what is too long of it is shortened, and its length follows. */
  public static String line(String text) {
    return cut(words(text), LONGEST_LINE, LONGEST_LINE);
  }

  /** A text in one line of any length, of which only long words are shortened. */
  public static String words(String text) {
    return shortened(escaped(text, false));
  }

  /** A text of our own that has several lines: only their breaks and tabs stay. */
  public static String lines(String text) {
    return escaped(text, true);
  }

  /** A text as a cell of a table: in one line, and not so long that it hides the others. */
  public static String cell(String text) {
    return cut(words(text), LONGEST_CELL, LONGEST_CELL);
  }

  /** A JSON document; what it holds stays the same, as only strings can hold such characters. */
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
      // Emoji newer than this Java are not assigned here; what shows nothing is reserved for more.
      case Character.UNASSIGNED -> c != 0x2065 && (c < 0xE0000 || c > 0xE0FFF);
      default -> true;
    };
  }

  /** Whether a joiner beside a character can mean something. */
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
