package fathomexport.config;

import java.util.Locale;

/**
 * URL patterns for editors. They check as much as a pattern can and never refuse a URL that {@link
 * Settings}, whose check is final, accepts.
 */
final class Urls {
  /** Excludes a query, a fragment and a user name. */
  private static final String BASE = "^(?!.*[?#]|[^/]*//[^/]*@)";

  private static final String SECURE = anyCase("https") + "://[^/]";
  private static final String PLAIN = anyCase("http") + "://";

  /** A URL with HTTP or HTTPS. */
  static final String HTTP = BASE + "(" + SECURE + "|" + PLAIN + "[^/])";

  /** A URL with HTTPS, or with HTTP to this machine. */
  static final String PRIVATE =
      BASE
          + "("
          + SECURE
          + "|"
          + PLAIN
          + "("
          + anyCase(Settings.LOOPBACK.pattern())
          + ")(:[0-9]*)?(/|$))";

  /**
   * A URL with HTTPS, or with HTTP to this machine, that is used as it is: it may have a query, but
   * no fragment and no user name.
   */
  static final String ADDRESS =
      "^(?!.*#|[^/]*//[^/?]*@)("
          + SECURE
          + "|"
          + PLAIN
          + "("
          + anyCase(Settings.LOOPBACK.pattern())
          + ")(:[0-9]*)?([/?]|$))";

  static final String HTTP_ALLOWED =
      "must be a URL with http or https, without user, password, query and fragment";
  static final String PRIVATE_ALLOWED =
      "must be a URL with https (http only to this machine), without user, password, query and"
          + " fragment";
  static final String ADDRESS_ALLOWED =
      "must be a URL with https (http only to this machine), without user, password and fragment";

  private Urls() {}

  /**
   * Makes a lower-case pattern match upper case as well, because the patterns of a JSON Schema have
   * no flags.
   */
  static String anyCase(String pattern) {
    StringBuilder all = new StringBuilder();
    int set = -1;
    for (int i = 0; i < pattern.length(); i++) {
      char c = pattern.charAt(i);
      if (c == '\\') {
        i++;
        all.append(c).append(pattern.charAt(i));
      } else if (set >= 0) {
        if (c == ']') {
          String inside = pattern.substring(set + 1, i);
          String upper = inside.toUpperCase(Locale.ROOT);
          all.append(upper.equals(inside) ? "" : upper);
          set = -1;
        }
        all.append(c);
      } else if (Character.isLetter(c)) {
        all.append('[').append(c).append(Character.toUpperCase(c)).append(']');
      } else {
        set = c == '[' ? i : -1;
        all.append(c);
      }
    }
    return all.toString();
  }
}
