package fathomexport.simulator.answer;

import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.world.Conversion;
import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.FieldValues;
import fathomexport.simulator.world.PageView;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The records of one site (and event) in columns, sorted by local time. Responses are computed from
 * it. Text columns are dictionary-encoded when they are first used.
 */
final class SiteIndex {
  private static final int NO_DURATION = -1;

  /** A text column: row → code → value. */
  static final class Column {
    final int[] codes;
    final List<@Nullable String> values;
    final byte[][] json;
    private final Map<Behaviour.FieldSort, int[]> ranks = new EnumMap<>(Behaviour.FieldSort.class);

    private Column(int[] codes, List<@Nullable String> values, byte[][] json) {
      this.codes = codes;
      this.values = values;
      this.json = json;
    }

    /** Returns the rank of each code's value in a sort order, from 1; 0 for null. */
    synchronized int[] ranks(Behaviour.FieldSort sort) {
      return ranks.computeIfAbsent(sort, this::rank);
    }

    private int[] rank(Behaviour.FieldSort sort) {
      String[] keys = new String[values.size()];
      for (int code = 0; code < keys.length; code++) {
        String value = values.get(code);
        keys[code] = value == null ? "" : key(sort, value);
      }
      Integer[] order = new Integer[keys.length];
      Arrays.setAll(order, i -> i);
      Arrays.sort(order, (a, b) -> compare(keys[a], keys[b]));
      int[] rank = new int[keys.length];
      int place = 0;
      for (int i = 0; i < order.length; i++) {
        if (i == 0 || !keys[order[i]].equals(keys[order[i - 1]])) {
          place++;
        }
        rank[order[i]] = values.get(order[i]) == null ? 0 : place;
      }
      return rank;
    }

    private static String key(Behaviour.FieldSort sort, String value) {
      return switch (sort) {
        case CODE_POINTS, IGNORED -> value;
        case IGNORING_CASE -> value.toUpperCase(Locale.ROOT);
        case DICTIONARY -> value.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{Nd}]", "");
      };
    }

    /** Compares by code points rather than UTF-16 units. */
    private static int compare(String a, String b) {
      return Arrays.compareUnsigned(
          a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));
    }
  }

  /** Local seconds as if the local time were UTC; ascending. */
  final long[] local;

  /** Seconds since the epoch. */
  final long[] at;

  final boolean[] counted;
  final boolean[] unique;
  final boolean[] bounced;
  final long[] visit;
  final int[] duration;
  final long[] cents;
  final boolean[] hasCents;
  private final FieldValues[] fields;
  private final Behaviour behaviour;
  private final @Nullable Column[] columns = new Column[Dimension.values().length];

  private SiteIndex(int size, Behaviour behaviour) {
    this.behaviour = behaviour;
    local = new long[size];
    at = new long[size];
    counted = new boolean[size];
    unique = new boolean[size];
    bounced = new boolean[size];
    visit = new long[size];
    duration = new int[size];
    cents = new long[size];
    hasCents = new boolean[size];
    fields = new FieldValues[size];
  }

  static SiteIndex ofPageViews(List<PageView> records, ZoneId zone, Behaviour behaviour) {
    SiteIndex index = new SiteIndex(records.size(), behaviour);
    int[] order = index.place(records, PageView::at, PageView::fields, zone);
    for (int i = 0; i < order.length; i++) {
      PageView p = records.get(order[i]);
      Integer seconds = p.durationSeconds();
      index.counted[i] = p.startsVisit();
      index.unique[i] = p.uniquePage();
      index.visit[i] = p.visit();
      index.bounced[i] = p.startsVisit() && p.bounced();
      index.duration[i] = seconds == null ? NO_DURATION : seconds;
    }
    return index;
  }

  static SiteIndex ofConversions(List<Conversion> records, ZoneId zone, Behaviour behaviour) {
    SiteIndex index = new SiteIndex(records.size(), behaviour);
    int[] order = index.place(records, Conversion::at, Conversion::fields, zone);
    for (int i = 0; i < order.length; i++) {
      Conversion c = records.get(order[i]);
      Long worth = c.cents();
      index.unique[i] = c.unique();
      index.visit[i] = c.visit();
      index.duration[i] = NO_DURATION;
      index.hasCents[i] = worth != null;
      index.cents[i] = worth == null ? 0 : worth;
    }
    return index;
  }

  private <T> int[] place(
      List<T> records, Function<T, Instant> when, Function<T, FieldValues> what, ZoneId zone) {
    long[] localOf = new long[records.size()];
    for (int i = 0; i < localOf.length; i++) {
      localOf[i] =
          LocalDateTime.ofInstant(when.apply(records.get(i)), zone).toEpochSecond(ZoneOffset.UTC);
    }
    int[] order =
        IntStream.range(0, localOf.length)
            .boxed()
            .sorted((a, b) -> Long.compare(localOf[a], localOf[b]))
            .mapToInt(Integer::intValue)
            .toArray();
    for (int i = 0; i < order.length; i++) {
      T record = records.get(order[i]);
      local[i] = localOf[order[i]];
      at[i] = when.apply(record).getEpochSecond();
      fields[i] = what.apply(record);
    }
    return order;
  }

  int size() {
    return local.length;
  }

  /** Returns the first row at or after a local second. */
  int firstFrom(long second) {
    int low = 0;
    int high = local.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (local[middle] < second) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** Returns a field's values as the behaviour shows them. */
  synchronized Column column(Dimension field) {
    Column known = columns[field.column()];
    if (known != null) {
      return known;
    }
    Map<@Nullable String, Integer> codeOf = new HashMap<>();
    List<@Nullable String> values = new ArrayList<>();
    int[] codes = new int[fields.length];
    for (int i = 0; i < codes.length; i++) {
      String shown = shown(field, fields[i].get(field));
      Integer code = codeOf.get(shown);
      if (code == null) {
        code = values.size();
        codeOf.put(shown, code);
        values.add(shown);
      }
      codes[i] = code;
    }
    byte[][] json = new byte[values.size()][];
    for (int i = 0; i < json.length; i++) {
      json[i] = Answer.utf8(JsonLiterals.quote(values.get(i), behaviour.asciiJson()));
    }
    Column made = new Column(codes, values, json);
    columns[field.column()] = made;
    return made;
  }

  private @Nullable String shown(Dimension field, @Nullable String raw) {
    String value = raw;
    if (field == Dimension.HOSTNAME
        && behaviour.hostnameWithScheme()
        && value != null
        && !value.isEmpty()) {
      value = "https://" + value;
    }
    if (field == Dimension.COUNTRY_CODE
        && behaviour.unknownCountryAsUn()
        && (value == null || value.isEmpty())) {
      return "un";
    }
    return switch (behaviour.emptyField()) {
      case AS_NULL -> value != null && value.isEmpty() ? null : value;
      case AS_EMPTY -> value == null ? "" : value;
      case AS_KEPT -> value;
    };
  }
}
