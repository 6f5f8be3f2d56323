package fathomexport.simulator.answer;

import static java.util.stream.Collectors.toCollection;

import fathomexport.simulator.answer.AggregationQuery.Condition;
import fathomexport.simulator.answer.AggregationQuery.Grouping;
import fathomexport.simulator.answer.AggregationQuery.Sort;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.World;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Groups the records of a site, and keeps what the next queries are likely to need. */
final class Grouper {
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

  Grouper(World world) {
    this.world = world;
  }

  /** Returns the records that a query is about. */
  SiteIndex index(AggregationQuery query, Behaviour behaviour) {
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

  /**
   * Groups what a query is about.
   *
   * @param limit number of groups that are needed, in order of time
   * @param number the request's number, which salts unstable orders
   */
  List<Group> groups(
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
        start < end && Buckets.end(query.grouping(), index.local[start]) > index.local[end - 1];
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
    sorted.sort(GroupOrder.of(query, behaviour, columns));
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
      long bucketEnd = Buckets.end(query.grouping(), index.local[row]);
      String label = Buckets.label(query.grouping(), index.local[row]);
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
}
