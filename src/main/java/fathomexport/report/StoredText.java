package fathomexport.report;

/**
 * Text as sinks store it. JSON can hold U+0000 and halves of surrogate pairs; UTF-8 and PostgreSQL
 * cannot. Such a character is stored as an escape of six ASCII characters: a backslash, {@code u}
 * and its four hexadecimal digits in lower case, for example <code>&#92;u0000</code> or <code>
 * &#92;ud83d</code>. Different texts stay different, and {@link #decode} restores the text that the
 * API sent.
 *
 * <p>The rules, which hold for every text:
 *
 * <ul>
 *   <li>A character that cannot be stored becomes its escape. Backslashes directly before it are
 *       doubled, so that an odd number of backslashes begins an escape.
 *   <li>Where a text already looks like an escape, the backslashes before the {@code u} are
 *       doubled, so that an even number of them does not begin one.
 *   <li>Everything else stays as it is. Only {@code u0000} and {@code ud800} to {@code udfff} in
 *       lower case count as codes: <code>C:&#92;users</code>, <code>
 *       &#92;u00e4</code> and <code>&#92;n</code> are stored unchanged.
 * </ul>
 */
public final class StoredText {
  private static final int CODE = 4;

  private StoredText() {}

  /** Returns the stored form of a text; the same object if nothing has to be escaped. */
  public static String encode(String text) {
    if (isStoredAsItIs(text)) {
      return text;
    }
    StringBuilder out = new StringBuilder(text.length() + 16);
    int backslashes = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\') {
        backslashes++;
        out.append(c);
        continue;
      }
      if (isUnstorable(text, i)) {
        out.append("\\".repeat(backslashes)).append("\\u");
        for (int shift = 12; shift >= 0; shift -= 4) {
          out.append(Character.forDigit((c >> shift) & 0xf, 16));
        }
      } else {
        if (c == 'u' && backslashes > 0 && isCode(text, i + 1)) {
          out.append("\\".repeat(backslashes));
        }
        out.append(c);
      }
      backslashes = 0;
    }
    return out.toString();
  }

  /** Returns the text from which {@link #encode} made this stored form. */
  public static String decode(String stored) {
    if (stored.indexOf('\\') < 0) {
      return stored;
    }
    StringBuilder out = new StringBuilder(stored.length());
    int backslashes = 0;
    for (int i = 0; i < stored.length(); i++) {
      char c = stored.charAt(i);
      if (c == '\\') {
        backslashes++;
        continue;
      }
      if (c == 'u' && backslashes > 0 && isCode(stored, i + 1)) {
        out.append("\\".repeat(backslashes / 2));
        if (backslashes % 2 == 1) {
          out.append((char) Integer.parseInt(stored, i + 1, i + 1 + CODE, 16));
          i += CODE;
        } else {
          out.append(c);
        }
      } else {
        out.append("\\".repeat(backslashes)).append(c);
      }
      backslashes = 0;
    }
    return out.append("\\".repeat(backslashes)).toString();
  }

  /**
   * Returns whether a text can be sent in a URL. A text with an unpaired surrogate has no UTF-8
   * form.
   */
  public static boolean isSendable(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (isLone(text, i)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isStoredAsItIs(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (isUnstorable(text, i)
          || (c == '\\' && text.startsWith("u", i + 1) && isCode(text, i + 2))) {
        return false;
      }
    }
    return true;
  }

  private static boolean isUnstorable(String text, int i) {
    return text.charAt(i) == 0 || isLone(text, i);
  }

  /** Returns whether the character at this index is an unpaired surrogate. */
  private static boolean isLone(String text, int i) {
    char c = text.charAt(i);
    if (Character.isHighSurrogate(c)) {
      return i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1));
    }
    return Character.isLowSurrogate(c)
        && (i == 0 || !Character.isHighSurrogate(text.charAt(i - 1)));
  }

  /** Returns whether the four digits of a character that cannot be stored begin at this index. */
  private static boolean isCode(String text, int at) {
    if (text.startsWith("0000", at)) {
      return true;
    }
    if (at + CODE > text.length() || text.charAt(at) != 'd') {
      return false;
    }
    char second = text.charAt(at + 1);
    return (second == '8' || second == '9' || isLetterDigit(second))
        && isDigit(text.charAt(at + 2))
        && isDigit(text.charAt(at + 3));
  }

  private static boolean isDigit(char c) {
    return (c >= '0' && c <= '9') || isLetterDigit(c);
  }

  private static boolean isLetterDigit(char c) {
    return c >= 'a' && c <= 'f';
  }
}
