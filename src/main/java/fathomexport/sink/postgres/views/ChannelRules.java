package fathomexport.sink.postgres.views;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The channel rules that migrations fill {@code fathom.channel_rule} with, for readers that have no
 * database.
 */
public final class ChannelRules {
  private static final String FILE = "/fathomexport/sql/V012__warehouse.sql";
  private static final Pattern GROUP =
      Pattern.compile("\\( *\\d+, '([^']+)', '([a-z_]+)', '([^']+)'\\)");

  private ChannelRules() {}

  /**
   * A rule.
   *
   * @param pattern the text that the field must equal, ignoring case; {@code *} stands for any
   *     text, and the empty pattern for a field without a value
   */
  public record Rule(String channel, String field, String pattern) {}

  /**
   * Returns whether a rule for a field without a value applies to a report. A referral may have a
   * host name and no source, so without the host an empty source says nothing: not that a visit was
   * direct.
   *
   * @param field the field of the rule
   * @param fields the fields of the report
   */
  public static boolean knowsEmpty(String field, Collection<String> fields) {
    return !field.equals("referrer_source") || fields.contains("referrer_hostname");
  }

  /** Returns the rules in the order in which they are tried. */
  public static List<Rule> shipped() {
    List<Rule> rules = new ArrayList<>();
    Matcher groups = GROUP.matcher(text());
    while (groups.find()) {
      for (String pattern : groups.group(3).split(" ", -1)) {
        rules.add(new Rule(groups.group(1), groups.group(2), pattern));
      }
    }
    for (String field : List.of("referrer_hostname", "referrer_source")) {
      rules.add(new Rule("direct", field, ""));
    }
    return rules;
  }

  private static String text() {
    try (InputStream in = ChannelRules.class.getResourceAsStream(FILE)) {
      if (in == null) {
        throw new IllegalStateException("the program has lost its file " + FILE);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + FILE, e);
    }
  }
}
