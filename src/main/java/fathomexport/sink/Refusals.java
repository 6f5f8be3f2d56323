package fathomexport.sink;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What is refused for several reports at once, each with its remedy. */
public final class Refusals {
  /** The statements of a remedy, after its words. */
  private static final Pattern DROPS =
      Pattern.compile(
          ": ((?:DROP VIEW IF EXISTS [^;]*; )?ALTER TABLE [^;]* DROP COLUMN [^;]*;)(?= |$)");

  private Refusals() {}

  /**
   * Returns all refusals on one line, as every message is: a line break would be shown as an
   * escape, amid statements that are meant to be copied. So that they can be copied at once, the
   * statements that drop columns of several reports stand together at the end.
   */
  public static String onOneLine(Collection<String> refusals) {
    List<String> words = new ArrayList<>();
    List<String> statements = new ArrayList<>();
    boolean several = refusals.stream().filter(r -> DROPS.matcher(r).find()).count() > 1;
    for (String refusal : refusals) {
      Matcher drops = DROPS.matcher(refusal);
      if (several && drops.find()) {
        statements.add(drops.group(1));
        String after = refusal.substring(drops.end());
        words.add(
            refusal.substring(0, drops.start())
                + ", by the statements at the end"
                + (after.isEmpty() ? "" : "." + after));
      } else {
        words.add(refusal);
      }
    }
    return words.stream()
            .reduce((all, next) -> all + (all.endsWith(";") ? " Also: " : ". Also: ") + next)
            .orElse("")
        + (several ? ". The statements: " + String.join(" ", statements) : "");
  }
}
