package fathomexport.simulator.answer;

import org.jspecify.annotations.Nullable;

/** Writes strings as JSON. Libraries reject the unpaired surrogates that raw paths can contain. */
final class JsonLiterals {
  private JsonLiterals() {}

  /**
   * Quotes a text; null gives {@code null}.
   *
   * @param ascii whether to escape slashes and all non-ASCII characters
   */
  static String quote(@Nullable String text, boolean ascii) {
    if (text == null) {
      return "null";
    }
    StringBuilder out = new StringBuilder(text.length() + 2).append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\' || (ascii && c == '/')) {
        out.append('\\').append(c);
      } else if (c < 0x20 || (ascii && c > 0x7e) || alone(text, i)) {
        out.append("\\u").append(Character.forDigit(c >> 12, 16));
        out.append(Character.forDigit((c >> 8) & 0xf, 16));
        out.append(Character.forDigit((c >> 4) & 0xf, 16));
        out.append(Character.forDigit(c & 0xf, 16));
      } else {
        out.append(c);
      }
    }
    return out.append('"').toString();
  }

  /** Returns the JSON text with unpaired surrogates, which have no UTF-8 form, as escapes. */
  static String sendable(String json) {
    StringBuilder out = new StringBuilder(json.length());
    for (int i = 0; i < json.length(); i++) {
      if (alone(json, i)) {
        out.append("\\u").append(Integer.toHexString(json.charAt(i)));
      } else {
        out.append(json.charAt(i));
      }
    }
    return out.toString();
  }

  /** Returns whether the character at this index is an unpaired surrogate. */
  private static boolean alone(String text, int i) {
    char c = text.charAt(i);
    if (Character.isHighSurrogate(c)) {
      return i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1));
    }
    return Character.isLowSurrogate(c)
        && (i == 0 || !Character.isHighSurrogate(text.charAt(i - 1)));
  }
}
