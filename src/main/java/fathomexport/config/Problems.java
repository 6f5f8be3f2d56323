package fathomexport.config;

import fathomexport.report.ShownText;
import java.util.ArrayList;
import java.util.List;

/** Collects the problems of one file. */
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

  /** Returns whether a text is at most 60 characters long and needs no escaping. */
  static boolean fits(String text) {
    return text.length() <= LONGEST_QUOTE && ShownText.words(text).equals(text);
  }

  /** Quotes a text of the user on one line, escaped and shortened to 60 characters. */
  static String quote(String text) {
    int length = text.codePointCount(0, text.length());
    String start = text.substring(0, text.offsetByCodePoints(0, Math.min(length, LONGEST_QUOTE)));
    return "'" + ShownText.words(start) + (length > LONGEST_QUOTE ? "…'" : "'");
  }
}
