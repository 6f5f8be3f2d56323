package fathomexport.fetch.partition;

import fathomexport.report.Filter;
import fathomexport.report.Operator;
import fathomexport.report.StoredText;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Chooses how a partition is cut before it is fetched in the order of a field. A response that the
 * limit cuts off within a value loses the fetched rows of that value, half of the value's rows on
 * average: the rows fetched twice grow with the square of the rows per value. If the partition is
 * first cut into ranges of another field, each value has fewer rows per range; a range costs half a
 * request, since its last response is not full. A sample of rows shows which fields and how many
 * ranges cost least.
 */
final class PartitionLayout {
  /** Most requests that a value can cost, since a larger value becomes a separate partition. */
  private static final double MOST_WASTE = 1.25;

  /** Requests that the last response of a partition costs beyond its rows. */
  private static final double TAIL = 0.5;

  /** Requests that a cut must save according to the sample, whose estimate may be too high. */
  private static final double LEAST_GAIN = 1;

  /** Pairs of equal values that a sample needs for an estimate of the rows per value. */
  private static final int LEAST_PAIRS = 6;

  /** Number of responses that a value must fill to be a separate partition from the start. */
  private static final double MANY = 3;

  private static final List<Integer> RANGES = List.of(2, 3, 4, 6, 8, 12, 16);

  private final SplitFields fields;
  private final FieldOrder order;
  private final int limit;
  private final Part part;
  private final Sample sample;

  /** Rows of the partition per row of the sample. */
  private final double scale;

  /** A smaller partition, and the part of the sample that belongs to it. */
  record CutPart(Part part, Sample sample) {}

  /**
   * The pieces that a partition is cut into.
   *
   * @param field the field to sort each piece by
   * @param cutBy the field that the partition is cut by
   * @param nulls whether one of the pieces contains only the rows without a value of that field
   */
  record Cut(int field, int cutBy, List<CutPart> pieces, boolean nulls) {}

  /**
   * @param part the partition
   * @param rows a sample of its rows
   * @param about estimated number of rows of the partition
   */
  PartitionLayout(
      SplitFields fields,
      FieldOrder order,
      int limit,
      Part part,
      List<@Nullable String[]> rows,
      double about) {
    this.fields = fields;
    this.order = order;
    this.limit = limit;
    this.part = part;
    this.sample = sampleOf(rows);
    this.scale = rows.isEmpty() ? 0 : about / rows.size();
  }

  private Sample sampleOf(List<@Nullable String[]> rows) {
    Sample of = new Sample(fields.size());
    rows.forEach(of::add);
    return of;
  }

  /** Returns the partition. */
  Part part() {
    return part;
  }

  /**
   * Estimates the requests that fetching rows in the order of a field costs beyond their number.
   */
  private double waste(Sample some, int field) {
    double each = scale * scale / (2.0 * limit * limit);
    return some.values(field).values().stream()
            .mapToDouble(n -> Math.min(MOST_WASTE, each * n * (n - 1.0)))
            .sum()
        + TAIL;
  }

  /** Returns whether the sample allows an estimate of the rows per value of a field. */
  private boolean tells(int field) {
    return sample.values(field).values().stream().mapToLong(n -> n * (n - 1L) / 2).sum()
        >= LEAST_PAIRS;
  }

  /** Returns the sample rows by their value of a field; null if a row has no value. */
  private @Nullable Map<String, List<@Nullable String[]>> byValue(int field) {
    Map<String, List<@Nullable String[]>> byValue = new HashMap<>();
    for (@Nullable String[] row : sample.all()) {
      String value = row[field];
      if (value == null) {
        return null;
      }
      byValue.computeIfAbsent(value, v -> new ArrayList<>()).add(row);
    }
    return byValue;
  }

  /** Returns the field whose order costs least; -1 if no field is left. */
  int field(Set<Integer> not) {
    List<Integer> orderable = fields.orderable(part, sample, not);
    return orderable.stream()
        .min(
            Comparator.comparingDouble((Integer f) -> waste(sample, f))
                .thenComparing(f -> sample.most(f) * 1_000L - Math.min(sample.distinct(f), 999)))
        .orElse(-1);
  }

  /**
   * Returns the values of a field that each fill several responses, with their sample rows: they
   * become separate partitions.
   */
  Map<String, List<@Nullable String[]>> large(int field) {
    Map<String, List<@Nullable String[]>> byValue = byValue(field);
    if (byValue == null) {
      return Map.of();
    }
    Map<String, Integer> variants = new HashMap<>();
    byValue.keySet().forEach(v -> variants.merge(Patterns.fold(v), 1, Integer::sum));
    int room = fields.room(part) / 4;
    byValue
        .entrySet()
        .removeIf(
            e ->
                e.getValue().size() < LEAST_PAIRS
                    || e.getValue().size() * scale < MANY * limit
                    || !StoredText.isSendable(e.getKey())
                    || Objects.requireNonNull(variants.get(Patterns.fold(e.getKey()))) > 1
                    || Patterns.encodedLength(fields.filter(field, Operator.IS, e.getKey()))
                        > room);
    return byValue;
  }

  /** Returns the cut that saves most; null if none saves enough. */
  @Nullable Cut cut(Set<Integer> not, Set<Integer> banned) {
    List<Integer> orderable = fields.orderable(part, sample, not);
    double best =
        orderable.stream().mapToDouble(f -> waste(sample, f)).min().orElse(0) - LEAST_GAIN;
    List<Integer> telling = orderable.stream().filter(this::tells).toList();
    Cut cut = null;
    for (int by : fields.filterable(part, banned)) {
      for (int ranges : RANGES) {
        if (best < (ranges + 1) * TAIL) {
          break;
        }
        Cut pieces = fields.byExpression(by) ? byRanges(by, ranges) : byValues(by, ranges);
        if (pieces == null) {
          break;
        }
        for (int field : telling) {
          if (field == by) {
            continue;
          }
          double cost = pieces.pieces().stream().mapToDouble(p -> waste(p.sample(), field)).sum();
          if (cost < best) {
            best = cost;
            cut = new Cut(field, by, pieces.pieces(), pieces.nulls());
          }
        }
      }
    }
    return cut;
  }

  /** Cuts by ranges of a text field with about equally many rows; null if that is not possible. */
  private @Nullable Cut byRanges(int by, int ranges) {
    List<@Nullable String[]> nulls = new ArrayList<>();
    List<Map.Entry<String, @Nullable String[]>> sorted = new ArrayList<>();
    for (@Nullable String[] row : sample.all()) {
      String value = row[by];
      if (value == null) {
        nulls.add(row);
      } else {
        sorted.add(Map.entry(value, row));
      }
    }
    sorted.sort(Map.Entry.comparingByKey(order::compare));
    List<CutPart> pieces = new ArrayList<>();
    int room = fields.room(part) / 8;
    String from = null;
    int start = 0;
    for (int i = 1; i < sorted.size(); i++) {
      String below = sorted.get(i - 1).getKey();
      String value = sorted.get(i).getKey();
      if (i < (long) sorted.size() * (pieces.size() + 1) / ranges
          || order.compare(below, value) == 0) {
        continue;
      }
      String to = order.separator(below, value, room);
      if (order.compare(below, to) >= 0 || pieces.size() == ranges - 1) {
        continue;
      }
      pieces.add(range(by, from, to, !nulls.isEmpty(), sorted.subList(start, i)));
      from = to;
      start = i;
    }
    if (from == null) {
      return null;
    }
    pieces.add(range(by, from, null, true, sorted.subList(start, sorted.size())));
    if (!nulls.isEmpty()) {
      pieces.add(new CutPart(fields.onlyNulls(part, by), sampleOf(nulls)));
    }
    return new Cut(-1, by, pieces, !nulls.isEmpty());
  }

  private CutPart range(
      int by,
      @Nullable String from,
      @Nullable String to,
      boolean valued,
      List<Map.Entry<String, @Nullable String[]>> sorted) {
    List<Filter> filters = new ArrayList<>();
    if (from != null) {
      filters.add(fields.filter(by, Operator.MATCHING, order.from(from)));
    } else if (valued) {
      filters.add(fields.filter(by, Operator.MATCHING, "^"));
    }
    if (to != null) {
      filters.add(fields.filter(by, Operator.NOT_MATCHING, order.from(to)));
    }
    Part.Test test =
        v ->
            v == null
                ? !valued
                : (from == null || order.compare(v, from) >= 0)
                    && (to == null || order.compare(v, to) < 0);
    List<@Nullable String[]> its = new ArrayList<>();
    sorted.forEach(e -> its.add(e.getValue()));
    return new CutPart(part.where(filters, by, test), sampleOf(its));
  }

  /**
   * Cuts by the most frequent values, one piece per value and one for the rest; null if that is not
   * possible.
   */
  private @Nullable Cut byValues(int by, int ranges) {
    Map<String, List<@Nullable String[]>> byValue = byValue(by);
    if (byValue == null) {
      // No filter selects the rows without a value.
      return null;
    }
    List<Map.Entry<String, List<@Nullable String[]>>> largest = new ArrayList<>(byValue.entrySet());
    largest.removeIf(e -> !StoredText.isSendable(e.getKey()));
    largest.sort(
        Comparator.comparing(
                (Map.Entry<String, List<@Nullable String[]>> e) -> -e.getValue().size())
            .thenComparing(Map.Entry::getKey));
    if (largest.size() < ranges) {
      return null;
    }
    Map<String, Integer> apart = new HashMap<>();
    List<CutPart> pieces = new ArrayList<>();
    for (Map.Entry<String, List<@Nullable String[]>> value : largest.subList(0, ranges - 1)) {
      apart.put(value.getKey(), value.getValue().size());
      pieces.add(new CutPart(value(by, value.getKey()), sampleOf(value.getValue())));
      byValue.remove(value.getKey());
    }
    List<@Nullable String[]> left = new ArrayList<>();
    byValue.values().forEach(left::addAll);
    pieces.add(new CutPart(without(by, apart), sampleOf(left)));
    return new Cut(-1, by, pieces, false);
  }

  /** Returns the part of the partition with one value of a field. */
  Part value(int field, String value) {
    Filter is = fields.filter(field, Operator.IS, value);
    return part.where(List.of(is), field, value::equals).fixing(field);
  }

  /** Returns the rest of the partition without the values that are separate pieces. */
  Part without(int field, Map<String, Integer> apart) {
    Set<String> values = Set.copyOf(apart.keySet());
    return part.where(
        fields.excluding(field, apart, fields.room(part) / 3),
        field,
        v -> v == null || !values.contains(v));
  }
}
