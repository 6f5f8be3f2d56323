package fathomexport.report;

/** Excerpts of external text for messages: short and on one line. */
public final class Excerpt {
  private static final int LONGEST = 60;

  private Excerpt() {}

  /**
   * Returns the beginning of a text (about 60 characters), with control and format characters,
   * surrogates and line separators as escapes. Appends the length of the text if it was cut.
   */
  public static String of(String text) {
    StringBuilder shown = new StringBuilder();
    int i = 0;
    while (i < text.length() && shown.length() < LONGEST) {
      int c = text.codePointAt(i);
      switch (Character.getType(c)) {
        case Character.CONTROL,
            Character.FORMAT,
            Character.SURROGATE,
            Character.LINE_SEPARATOR,
            Character.PARAGRAPH_SEPARATOR ->
            shown.append(c > 0xffff ? String.format("\\u{%x}", c) : String.format("\\u%04x", c));
        default -> shown.appendCodePoint(c);
      }
      i += Character.charCount(c);
    }
    return i == text.length() ? shown.toString() : shown + "… (" + text.length() + " characters)";
  }
}
