package fathomexport.sink;

import java.util.Collection;

/** What is refused for several reports at once, each with its remedy. */
public final class Refusals {
  private Refusals() {}

  /**
   * Returns all refusals on one line, as every message is: a line break would be shown as an
   * escape, amid statements that are meant to be copied.
   */
  public static String onOneLine(Collection<String> refusals) {
    return refusals.stream()
        .reduce((all, next) -> all + (all.endsWith(";") ? " Also: " : ". Also: ") + next)
        .orElse("");
  }
}
