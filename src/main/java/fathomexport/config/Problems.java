package fathomexport.config;

import fathomexport.report.ShownText;
import java.util.ArrayList;
import java.util.List;

/** Collects what is wrong with one file. */
final class Problems {
  private static final int LONGEST_QUOTE = 60;

  private final String file;
  private final List<Problem> found = new ArrayList<>();

  Problems(String file) {
    this.file = file;
  }

  void add(YamlNode.Place at, String key, String message, String allowed) {
    found.add(new Problem(file, at.line(), at.column(), key, message, allowed));
  }

  void ofFile(String message, String allowed) {
    found.add(Problem.ofFile(file, message, allowed));
  }

  boolean none() {
    return found.isEmpty();
  }

  List<Problem> all() {
    return List.copyOf(found);
  }

  /** Whether a text can be shown as it is. */
  static boolean fits(String text) {
    return text.length() <= LONGEST_QUOTE && ShownText.words(text).equals(text);
  }

  /** What the user wrote, in quotes, in one line and not too long. */
  static String quote(String text) {
    int length = text.codePointCount(0, text.length());
    String start = text.substring(0, text.offsetByCodePoints(0, Math.min(length, LONGEST_QUOTE)));
    return "'" + ShownText.words(start) + (length > LONGEST_QUOTE ? "…'" : "'");
  }
}
