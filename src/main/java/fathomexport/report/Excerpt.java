package fathomexport.report;

/** Text from outside as a message can carry it: on one line, and short. */
public final class Excerpt {
  private static final int LONGEST = 60;

  private Excerpt() {}

  /**
   * The beginning of a text, with characters that are not printed, or that change the order of
   * others, as escapes; and how long it is when that is not all.
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
