package fathomexport.simulator.answer;

import static java.util.stream.Collectors.toCollection;

import fathomexport.simulator.answer.AggregationQuery.Condition;
import fathomexport.simulator.answer.AggregationQuery.Grouping;
import fathomexport.simulator.answer.AggregationQuery.Sort;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.World;
import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Computes the responses of {@code GET /aggregations}. */
public final class Aggregations {
  private static final MathContext FOURTEEN_DIGITS = new MathContext(14, RoundingMode.HALF_UP);
  private static final int INDEXES_KEPT = 64;
  private static final int PERIODS_KEPT = 4;

  private final World world;
  private final Map<IndexKey, Indexed> indexes = lastUsed(INDEXES_KEPT);
  private final Map<PeriodKey, List<Group>> periods = lastUsed(PERIODS_KEPT);
  private final Map<SortedKey, List<Group>> sortedPeriods = lastUsed(2 * PERIODS_KEPT);

  /**
   * The key of cached groups. It is equal for the same index object only; when records change,
   * there is a new index.
   */
  private record PeriodKey(
      SiteIndex index,
      Grouping grouping,
      List<Dimension> fields,
      int start,
      int end,
      boolean withoutNullKeyword,
      boolean visitorsRecognised) {}

  private record SortedKey(
      PeriodKey period,
      @Nullable Sort sort,
      boolean sortByIgnored,
      Behaviour.FieldSort fieldSort,
      boolean nullsLast) {}

  private record IndexKey(
      String site,
      @Nullable String event,
      ZoneId zone,
      Behaviour.EmptyField emptyField,
      boolean scheme,
      boolean ascii,
      boolean unknownCountryAsUn) {}

  private record Indexed(long version, SiteIndex index) {}

  /** The sums of a group of records. */
  private static final class Group {
    private final String label;
    private final int[] codes;
    private long tie;
    private long visits;
    private long uniques;
    private Set<Long> visitors = Set.of();
    private long records;
    private long bounces;
    private long seconds;
    private long timed;
    private long cents;
    private long priced;

    private Group(String label, int[] codes) {
      this.label = label;
      this.codes = codes;
    }

    private Group(String label, Group other) {
      this(label, other.codes);
      tie = other.tie;
      visits = other.visits;
      uniques = other.uniques;
      visitors = other.visitors;
      records = other.records;
      bounces = other.bounces;
      seconds = other.seconds;
      timed = other.timed;
      cents = other.cents;
      priced = other.priced;
    }

    private void add(SiteIndex index, int row, boolean recognised) {
      records++;
      if (recognised) {
        visitors = visitors.isEmpty() ? new HashSet<>() : visitors;
        visitors.add(index.visit[row]);
      }
      visits += index.counted[row] ? 1 : 0;
      uniques += index.unique[row] ? 1 : 0;
      bounces += index.bounced[row] ? 1 : 0;
      if (index.duration[row] >= 0) {
        timed++;
        seconds += index.duration[row];
      }
      if (index.hasCents[row]) {
        priced++;
        cents += index.cents[row];
      }
    }
  }

  /** The codes of a group's fields, as a map key. */
  private static final class GroupCodes {
    private final int[] codes;

    private GroupCodes(int[] codes) {
      this.codes = codes;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof GroupCodes k && Arrays.equals(codes, k.codes);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(codes);
    }
  }

  /** Returns a map that keeps the most recently used entries only. */
  private static <K, V> Map<K, V> lastUsed(int kept) {
    return Collections.synchronizedMap(
        new LinkedHashMap<>(16, 0.75f, true) {
          private static final long serialVersionUID = 1L;

          @Override
          protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
            return size() > kept;
          }
        });
  }

  public Aggregations(World world) {
    this.world = world;
  }

  /**
   * Answers a query.
   *
   * @param number the request's number, which salts unstable orders
   */
  public Answer answer(AggregationQuery query, Behaviour behaviour, Instant now, int number) {
    SiteIndex index = index(query, behaviour);
    SiteIndex.Column[] columns =
        query.fields().stream().map(index::column).toArray(SiteIndex.Column[]::new);
    int limit = query.limit() == null ? Integer.MAX_VALUE : query.limit();
    Integer cap = behaviour.silentRowCap();
    if (cap != null) {
      limit = Math.min(limit, cap);
    }
    // Also find the rows before the offset; they are skipped later.
    int found =
        query.offset() > Integer.MAX_VALUE - limit ? Integer.MAX_VALUE : limit + query.offset();
    List<Group> groups = groups(query, behaviour, now, index, columns, found, number);
    if (groups.isEmpty() && query.grouping() == Grouping.NONE && query.fields().isEmpty()) {
      groups.add(new Group("", new int[0]));
    }
    groups = first(found, groups, order(query, behaviour, columns));
    if (query.offset() > 0) {
      groups =
          new ArrayList<>(groups.subList(Math.min(query.offset(), groups.size()), groups.size()));
    }
    groups = damaged(groups, query, behaviour, limit);
    return render(groups, query, behaviour, columns);
  }

  private SiteIndex index(AggregationQuery query, Behaviour behaviour) {
    String site = query.site().id();
    IndexKey key =
        new IndexKey(
            site,
            query.event(),
            query.zone(),
            behaviour.emptyField(),
            behaviour.hostnameWithScheme(),
            behaviour.asciiJson(),
            behaviour.unknownCountryAsUn());
    // Build the index under the lock, so that parallel requests do not each build the same one.
    synchronized (indexes) {
      long version = world.version(site);
      Indexed known = indexes.get(key);
      if (known != null && known.version() == version) {
        return known.index();
      }
      String event = query.event();
      SiteIndex made =
          event == null
              ? SiteIndex.ofPageViews(world.pageViews(site), query.zone(), behaviour)
              : SiteIndex.ofConversions(
                  world.conversions(site).stream().filter(c -> c.event().equals(event)).toList(),
                  query.zone(),
                  behaviour);
      indexes.put(key, new Indexed(version, made));
      return made;
    }
  }

  private List<Group> groups(
      AggregationQuery query,
      Behaviour behaviour,
      Instant now,
      SiteIndex index,
      SiteIndex.Column[] columns,
      int limit,
      int number) {
    LocalDateTime from = query.from();
    LocalDateTime to = query.to();
    int start = from == null ? 0 : index.firstFrom(from.toEpochSecond(ZoneOffset.UTC));
    LocalDateTime last = to == null ? LocalDateTime.ofInstant(now, query.zone()) : to;
    int end = index.firstFrom(last.toEpochSecond(ZoneOffset.UTC) + 1);
    boolean[][] passes = new boolean[query.filters().size()][];
    SiteIndex.Column[] filtered = new SiteIndex.Column[passes.length];
    for (int f = 0; f < passes.length; f++) {
      Condition condition = query.filters().get(f);
      filtered[f] = index.column(condition.property());
      passes[f] = passes(condition, filtered[f], behaviour);
    }
    boolean unstable = behaviour.unstableTies() || behaviour.offset() == Behaviour.Offset.UNSTABLE;
    long salt = unstable ? number : 0;
    Sort sort = query.sort();
    boolean byTime =
        sort != null
            && sort.key().equals("timestamp")
            && sort.ascending()
            && !behaviour.sortByIgnored();
    boolean oneBucket =
        start < end && bucketEnd(query.grouping(), index.local[start]) > index.local[end - 1];
    if (oneBucket
        && !behaviour.futureHidden()
        && salt == 0
        && (sort == null || !query.aggregates().contains(sort.key()))
        && query.filters().stream().allMatch(f -> query.fields().contains(f.property()))) {
      // Partitions of a period are queried many times: group the period once, then filter its
      // groups.
      PeriodKey key =
          new PeriodKey(
              index,
              query.grouping(),
              query.fields(),
              start,
              end,
              behaviour.keywordNullGroupLeftOut(),
              behaviour.visitorsRecognised());
      List<Group> all = sorted(key, query, behaviour, now, columns);
      return all.stream()
          .filter(g -> passes(g, query, passes))
          .limit(limit)
          .collect(toCollection(ArrayList::new));
    }
    return group(
        query,
        behaviour,
        now,
        index,
        columns,
        start,
        end,
        passes,
        filtered,
        salt,
        byTime ? limit : Integer.MAX_VALUE);
  }

  /** Returns all groups of a period in the requested order. */
  private List<Group> sorted(
      PeriodKey key,
      AggregationQuery query,
      Behaviour behaviour,
      Instant now,
      SiteIndex.Column[] columns) {
    SortedKey sortedKey =
        new SortedKey(
            key,
            query.sort(),
            behaviour.sortByIgnored(),
            behaviour.fieldSort(),
            behaviour.nullsLast());
    List<Group> known = sortedPeriods.get(sortedKey);
    if (known != null) {
      return known;
    }
    List<Group> all = periods.get(key);
    if (all == null) {
      all =
          group(
              query,
              behaviour,
              now,
              key.index(),
              columns,
              key.start(),
              key.end(),
              new boolean[0][],
              columns,
              0,
              Integer.MAX_VALUE);
      periods.put(key, all);
    }
    List<Group> sorted = new ArrayList<>(all);
    sorted.sort(order(query, behaviour, columns));
    sortedPeriods.put(sortedKey, sorted);
    return sorted;
  }

  /** Returns whether a group's values pass filters that are all on grouping fields. */
  private static boolean passes(Group group, AggregationQuery query, boolean[][] passes) {
    for (int f = 0; f < passes.length; f++) {
      int field = query.fields().indexOf(query.filters().get(f).property());
      if (!passes[f][group.codes[field]]) {
        return false;
      }
    }
    return true;
  }

  /**
   * Groups the rows of an index range.
   *
   * @param enough number of groups after which no further bucket is computed
   */
  private static List<Group> group(
      AggregationQuery query,
      Behaviour behaviour,
      Instant now,
      SiteIndex index,
      SiteIndex.Column[] columns,
      int start,
      int end,
      boolean[][] passes,
      SiteIndex.Column[] filtered,
      long salt,
      int enough) {
    int keyword = query.fields().indexOf(Dimension.KEYWORD);
    List<Group> groups = new ArrayList<>();
    int row = start;
    while (row < end) {
      // Rows are in local order, so the rows of a bucket are adjacent.
      long bucketEnd = bucketEnd(query.grouping(), index.local[row]);
      String label = label(query.grouping(), index.local[row]);
      Map<GroupCodes, Group> bucket = new HashMap<>();
      for (; row < end && index.local[row] < bucketEnd; row++) {
        if ((behaviour.futureHidden() && index.at[row] > now.getEpochSecond())
            || !passes(row, passes, filtered)) {
          continue;
        }
        int[] codes = new int[columns.length];
        for (int c = 0; c < codes.length; c++) {
          codes[c] = columns[c].codes[row];
        }
        if (behaviour.keywordNullGroupLeftOut()
            && keyword >= 0
            && columns[keyword].values.get(codes[keyword]) == null) {
          continue;
        }
        bucket
            .computeIfAbsent(new GroupCodes(codes), k -> new Group(label, k.codes))
            .add(index, row, behaviour.visitorsRecognised());
      }
      for (Group group : bucket.values()) {
        group.tie = tie(group, columns, salt);
        groups.add(group);
      }
      if (groups.size() >= enough) {
        break;
      }
    }
    return groups;
  }

  private static boolean[] passes(
      Condition condition, SiteIndex.Column column, Behaviour behaviour) {
    boolean[] passes = new boolean[column.values.size()];
    for (int code = 0; code < passes.length; code++) {
      passes[code] = condition.matches(column.values.get(code), behaviour.complementsDropNull());
    }
    return passes;
  }

  private static boolean passes(int row, boolean[][] passes, SiteIndex.Column[] filtered) {
    for (int f = 0; f < passes.length; f++) {
      if (!passes[f][filtered[f].codes[row]]) {
        return false;
      }
    }
    return true;
  }

  private static long bucketEnd(Grouping grouping, long local) {
    LocalDateTime start = LocalDateTime.ofEpochSecond(local, 0, ZoneOffset.UTC);
    LocalDate day = start.toLocalDate();
    return switch (grouping) {
      case NONE -> Long.MAX_VALUE;
      case HOUR -> Math.floorDiv(local, 3600) * 3600 + 3600;
      case DAY -> Math.floorDiv(local, 86_400) * 86_400 + 86_400;
      case MONTH -> day.withDayOfMonth(1).plusMonths(1).toEpochDay() * 86_400;
      case YEAR -> day.withDayOfYear(1).plusYears(1).toEpochDay() * 86_400;
    };
  }

  private static String label(Grouping grouping, long local) {
    LocalDateTime start = LocalDateTime.ofEpochSecond(local, 0, ZoneOffset.UTC);
    String day = start.toLocalDate().toString();
    return switch (grouping) {
      case NONE -> "";
      case HOUR -> String.format("%s %02d:00:00", day, start.getHour());
      case DAY -> day;
      case MONTH -> day.substring(0, 7);
      case YEAR -> day.substring(0, 4);
    };
  }

  /** Returns a pseudo-random but reproducible sort key for groups that compare equal. */
  private static long tie(Group group, SiteIndex.Column[] columns, long salt) {
    long hash = group.label.hashCode() + 0x9e3779b97f4a7c15L * (salt + 1);
    for (int c = 0; c < columns.length; c++) {
      String value = columns[c].values.get(group.codes[c]);
      hash = hash * 0x5851f42d4c957f2dL + (value == null ? 7 : value.hashCode());
    }
    hash = (hash ^ (hash >>> 29)) * 0xbf58476d1ce4e5b9L;
    return hash ^ (hash >>> 32);
  }

  /** Returns the first groups in an order, without sorting those that the limit cuts off. */
  private static List<Group> first(int limit, List<Group> groups, Comparator<Group> order) {
    List<Group> kept = groups;
    if (groups.size() / 2 > limit) {
      PriorityQueue<Group> best = new PriorityQueue<>(limit + 1, order.reversed());
      for (Group group : groups) {
        if (best.size() < limit) {
          best.add(group);
        } else if (order.compare(group, best.element()) < 0) {
          best.remove();
          best.add(group);
        }
      }
      kept = new ArrayList<>(best);
    }
    kept.sort(order);
    return kept.size() > limit ? new ArrayList<>(kept.subList(0, limit)) : kept;
  }

  private static Comparator<Group> order(
      AggregationQuery query, Behaviour behaviour, SiteIndex.Column[] columns) {
    Comparator<Group> byTie = Comparator.comparingLong(g -> g.tie);
    Sort sort = query.sort();
    if (sort == null || behaviour.sortByIgnored()) {
      return byTie;
    }
    Comparator<Group> byKey;
    int field = query.fields().stream().map(Dimension::apiName).toList().indexOf(sort.key());
    if (sort.key().equals("timestamp")) {
      byKey = Comparator.comparing(g -> g.label);
    } else if (field >= 0) {
      if (behaviour.fieldSort() == Behaviour.FieldSort.IGNORED) {
        return byTie;
      }
      int[] ranks = columns[field].ranks(behaviour.fieldSort());
      int ofNull = behaviour.nullsLast() ? Integer.MAX_VALUE : 0;
      byKey =
          Comparator.comparingInt(g -> ranks[g.codes[field]] == 0 ? ofNull : ranks[g.codes[field]]);
    } else {
      byKey =
          Comparator.comparing(
              g -> number(sort.key(), g, behaviour),
              Comparator.nullsFirst(Comparator.naturalOrder()));
    }
    return (sort.ascending() ? byKey : byKey.reversed()).thenComparing(byTie);
  }

  private static @Nullable BigDecimal number(String aggregate, Group g, Behaviour behaviour) {
    return switch (aggregate) {
      case "visits" -> BigDecimal.valueOf(g.visits);
      case "uniques" ->
          BigDecimal.valueOf(behaviour.visitorsRecognised() ? g.visitors.size() : g.uniques);
      case "unique_conversions" -> BigDecimal.valueOf(g.uniques);
      case "pageviews", "conversions" -> BigDecimal.valueOf(g.records);
      case "avg_duration" -> g.timed == 0 ? null : ratio(g.seconds, g.timed);
      case "bounce_rate" -> g.visits == 0 ? null : rate(g, behaviour);
      case "value" ->
          behaviour.valueNullWithoutCents() && g.priced == 0 && g.records > 0
              ? null
              : BigDecimal.valueOf(g.cents);
      default -> throw new IllegalArgumentException(aggregate);
    };
  }

  private static BigDecimal ratio(long part, long whole) {
    return BigDecimal.valueOf(part).divide(BigDecimal.valueOf(whole), FOURTEEN_DIGITS);
  }

  private static BigDecimal rate(Group g, Behaviour behaviour) {
    BigDecimal ratio =
        behaviour.ratesToFourDigits()
            ? BigDecimal.valueOf(g.bounces)
                .divide(BigDecimal.valueOf(g.visits), 4, RoundingMode.HALF_UP)
            : ratio(g.bounces, g.visits);
    return switch (behaviour.rateUnit()) {
      case RATIO -> ratio;
      case PERCENTAGE -> ratio.movePointRight(2);
    };
  }

  /** Applies the configured server faults to a correct response. */
  private static List<Group> damaged(
      List<Group> groups, AggregationQuery query, Behaviour behaviour, int limit) {
    List<Group> result = groups;
    if (behaviour.lastGroupLost() && !query.fields().isEmpty() && !result.isEmpty()) {
      result = new ArrayList<>(result.subList(0, result.size() - 1));
    }
    Behaviour.Tampering tampering = behaviour.tampering();
    if (tampering != null && !query.fields().isEmpty() && !result.isEmpty()) {
      result = tampered(result, tampering);
    }
    if (behaviour.rowDuplicated() && !result.isEmpty()) {
      result = new ArrayList<>(result);
      int middle = result.size() / 2;
      result.add(middle, result.get(middle));
    }
    if (behaviour.rowOutsideRange()
        && query.from() != null
        && query.grouping() != Grouping.NONE
        && !result.isEmpty()) {
      Group model = result.get(0);
      long before = query.from().minusDays(400).toEpochSecond(ZoneOffset.UTC);
      Group stray = new Group(label(query.grouping(), before), model.codes);
      stray.records = 1;
      stray.visits = 1;
      stray.uniques = 1;
      result = new ArrayList<>(result);
      result.add(0, stray);
    }
    return result.size() > limit ? new ArrayList<>(result.subList(0, limit)) : result;
  }

  private static List<Group> tampered(List<Group> groups, Behaviour.Tampering tampering) {
    List<Group> result = new ArrayList<>(groups);
    SplittableRandom random = new SplittableRandom(tampering.seed());
    int place = random.nextInt(result.size());
    Group hit = result.get(place);
    switch (tampering.damage()) {
      case ROW_DROPPED -> result.remove(place);
      case ROW_DOUBLED -> result.add(place, hit);
      case VALUE_OFF_BY_ONE -> {
        Group more = new Group(hit.label, hit);
        more.records++;
        result.set(place, more);
      }
      case DAY_MOVED -> {
        List<String> others =
            groups.stream().map(g -> g.label).distinct().filter(l -> !l.equals(hit.label)).toList();
        if (!others.isEmpty()) {
          result.set(place, new Group(others.get(random.nextInt(others.size())), hit));
          // The sort is stable, so rows stay sorted by time, as the query requires.
          result.sort(Comparator.comparing(g -> g.label));
        }
      }
    }
    return result;
  }

  private static Answer render(
      List<Group> groups, AggregationQuery query, Behaviour behaviour, SiteIndex.Column[] columns) {
    byte[][] fieldKeys =
        query.fields().stream()
            .map(f -> Answer.utf8("\"" + f.apiName() + "\":"))
            .toArray(byte[][]::new);
    byte[][] aggregateKeys =
        query.aggregates().stream().map(a -> Answer.utf8("\"" + a + "\":")).toArray(byte[][]::new);
    ByteArrayOutputStream out = new ByteArrayOutputStream(64 + groups.size() * 128);
    if (behaviour.oldEnvelope()) {
      out.writeBytes(
          Answer.utf8(
              "{\"object\":\"list\",\"url\":\"/v1/aggregations\",\"has_more\":false,\"data\":"));
    }
    out.write('[');
    boolean first = true;
    for (Group group : groups) {
      out.writeBytes(Answer.utf8(first ? "{" : ",{"));
      first = false;
      boolean firstCell = true;
      for (int c = 0; c < fieldKeys.length; c++) {
        comma(out, firstCell);
        firstCell = false;
        out.writeBytes(fieldKeys[c]);
        out.writeBytes(columns[c].json[group.codes[c]]);
      }
      for (int a = 0; a < aggregateKeys.length; a++) {
        comma(out, firstCell);
        firstCell = false;
        out.writeBytes(aggregateKeys[a]);
        out.writeBytes(Answer.utf8(cell(query, query.aggregates().get(a), group, behaviour)));
      }
      if (query.grouping() != Grouping.NONE) {
        out.writeBytes(Answer.utf8(",\"date\":\"" + group.label + "\""));
      }
      out.write('}');
    }
    out.write(']');
    if (behaviour.oldEnvelope()) {
      out.write('}');
    }
    return Answer.json(out.toByteArray(), groups.size());
  }

  private static void comma(ByteArrayOutputStream out, boolean first) {
    if (!first) {
      out.write(',');
    }
  }

  private static String cell(
      AggregationQuery query, String aggregate, Group group, Behaviour behaviour) {
    for (Behaviour.CorruptCell corrupt : behaviour.corruptCells()) {
      if (corrupt.site().equals(query.site().id())
          && corrupt.aggregate().equals(aggregate)
          && group.label.startsWith(corrupt.day().toString())) {
        return JsonText.quote(corrupt.text(), behaviour.asciiJson());
      }
    }
    BigDecimal number = number(aggregate, group, behaviour);
    if (number == null) {
      return "null";
    }
    String text = number.signum() == 0 ? "0" : number.stripTrailingZeros().toPlainString();
    boolean bare =
        behaviour.numbersAsJson()
            || (behaviour.bounceRateAsJson() && aggregate.equals("bounce_rate"));
    return bare ? text : "\"" + text + "\"";
  }
}
