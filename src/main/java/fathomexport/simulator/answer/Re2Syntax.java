package fathomexport.simulator.answer;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Recognizes the regular expressions that RE2 supports, which are fewer than Java's: a pattern that
 * passes here and compiles in Java is valid in RE2. Conservative: some patterns that RE2 accepts
 * are rejected.
 */
final class Re2Syntax {
  /** One element of a pattern, outside of a character class. */
  private static final Pattern STEP =
      Pattern.compile(
          "\\\\x[0-9A-Fa-f]{2}|\\\\x\\{[0-9A-Fa-f]{1,6}\\}|\\\\[pP](?:[A-Z]|\\{\\^?[A-Za-z_]+\\})"
              + "|\\\\[abfnrtvdDsSwWBAz]|\\\\[\\p{Punct}]"
              + "|\\(\\?(?:[imsU]*(?:-[imsU]+)?[:)]|P<\\w+>)|\\((?!\\?)"
              + "|(?:[*+?]|\\{\\d{1,4}(?:,\\d{0,4})?\\})\\??(?![*+?])"
              + "|\\[|\\{(?!\\d{1,4}(?:,\\d{0,4})?\\})|[^\\\\\\[(*+?{]",
          Pattern.DOTALL);

  /** One member of a character class. */
  private static final Pattern MEMBER =
      Pattern.compile(
          "\\\\x[0-9A-Fa-f]{2}|\\\\x\\{[0-9A-Fa-f]{1,6}\\}|\\\\[pP](?:[A-Z]|\\{\\^?[A-Za-z_]+\\})"
              + "|\\\\[abfnrtvdDsSwW]|\\\\[\\p{Punct}]|\\[:\\^?[a-z]+:\\]|[^\\\\\\[\\]&]",
          Pattern.DOTALL);

  private static final Pattern REPETITION =
      Pattern.compile("(?:[*+?]|\\{\\d{1,4}(?:,\\d{0,4})?\\})\\??");

  private static final int MOST_REPEATS = 1_000;
  private static final Pattern REPEATS = Pattern.compile("\\d+");

  private Re2Syntax() {}

  /**
   * Returns the beginning of the first part that RE2 does not support, or empty if it supports the
   * whole pattern.
   */
  static Optional<String> unknown(String pattern) {
    Matcher step = STEP.matcher(pattern);
    int at = 0;
    // Whether the previous element can be repeated.
    boolean repeatable = false;
    while (at < pattern.length()) {
      if (!step.region(at, pattern.length()).lookingAt()) {
        return Optional.of(rest(pattern, at));
      }
      boolean repeats = REPETITION.matcher(step.group()).matches();
      if (repeats && !repeatable) {
        return Optional.of(rest(pattern, at));
      }
      repeatable = !repeats && !step.group().startsWith("(") && !step.group().equals("|");
      if (step.group().equals("[")) {
        int end = endOfClass(pattern, at + 1);
        if (end < 0) {
          return Optional.of(rest(pattern, at));
        }
        at = end;
      } else if (step.group().startsWith("{")
          && REPEATS
              .matcher(step.group())
              .results()
              .anyMatch(n -> Integer.parseInt(n.group()) > MOST_REPEATS)) {
        return Optional.of(step.group());
      } else {
        at = step.end();
      }
    }
    return Optional.empty();
  }

  /**
   * Returns the index after the class whose members begin here; -1 if RE2 does not support one of
   * them.
   */
  private static int endOfClass(String pattern, int from) {
    int at = pattern.startsWith("^", from) ? from + 1 : from;
    if (pattern.startsWith("]", at)) {
      at++;
    }
    Matcher member = MEMBER.matcher(pattern);
    while (at < pattern.length() && pattern.charAt(at) != ']') {
      if (!member.region(at, pattern.length()).lookingAt()) {
        return -1;
      }
      at = member.end();
    }
    return at < pattern.length() ? at + 1 : -1;
  }

  private static String rest(String pattern, int at) {
    return pattern.substring(at, Math.min(pattern.length(), at + 20));
  }
}
