package fathomexport.dashboard;

import fathomexport.report.Field;
import fathomexport.sink.postgres.views.ChannelRules;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Finds the channel of a row by the shipped rules, as the views do by {@code channel_rule}. */
final class Channels {
  private static final Pattern SCHEME_AND_WWW =
      Pattern.compile("^([a-z][a-z0-9+.-]*://)?(www\\.)?");

  private final List<Field> fields;
  private final List<Rule> rules = new ArrayList<>();
  private final Map<List<String>, String> known = new HashMap<>();

  /**
   * @param value null for a field without a value
   */
  private record Rule(String channel, int field, @Nullable Pattern value) {}

  Channels(List<Field> fields) {
    this.fields = List.copyOf(fields);
    List<String> names = fields.stream().map(Field::apiName).toList();
    for (ChannelRules.Rule rule : ChannelRules.shipped()) {
      int place = names.indexOf(rule.field());
      boolean applies = !rule.pattern().isEmpty() || ChannelRules.knowsEmpty(rule.field(), names);
      if (place >= 0 && applies) {
        rules.add(new Rule(rule.channel(), place, pattern(rule, isHost(fields.get(place)))));
      }
    }
  }

  /** Returns how many channels these fields can tell. */
  int channelCount() {
    return (int) rules.stream().map(Rule::channel).distinct().count();
  }

  /** Returns how many of the fields tell a channel: of the same channels, more tell more visits. */
  int fieldCount() {
    return (int) rules.stream().map(Rule::field).distinct().count();
  }

  private static boolean isHost(Field field) {
    return field == Field.HOSTNAME || field == Field.REFERRER_HOSTNAME;
  }

  private static @Nullable Pattern pattern(ChannelRules.Rule rule, boolean host) {
    if (rule.pattern().isEmpty()) {
      return null;
    }
    String parts =
        List.of(rule.pattern().toLowerCase(Locale.ROOT).split("\\*", -1)).stream()
            .map(Pattern::quote)
            .collect(Collectors.joining(".*"));
    return Pattern.compile((host ? "(?:.*\\.)?" : "") + parts, Pattern.DOTALL);
  }

  /**
   * Returns the channel of the first rule that matches, or {@code (none)}.
   *
   * @param values the values of the fields, in their order; a field without a value is empty
   */
  String of(List<String> values) {
    return known.computeIfAbsent(values, this::find);
  }

  private String find(List<String> values) {
    List<String> normal = new ArrayList<>();
    for (int i = 0; i < values.size(); i++) {
      String lower = values.get(i).toLowerCase(Locale.ROOT);
      normal.add(isHost(fields.get(i)) ? SCHEME_AND_WWW.matcher(lower).replaceFirst("") : lower);
    }
    for (Rule rule : rules) {
      String value = normal.get(rule.field());
      Pattern wanted = rule.value();
      if (wanted == null ? value.isEmpty() : !value.isEmpty() && wanted.matcher(value).matches()) {
        return rule.channel();
      }
    }
    return Labelling.NONE;
  }
}
