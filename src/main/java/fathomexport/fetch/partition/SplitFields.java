package fathomexport.fetch.partition;

import fathomexport.report.Field;
import fathomexport.report.Filter;
import fathomexport.report.Operator;
import fathomexport.report.StoredText;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The fields by which a period can be split, by their index in the grouping, and their filters. */
final class SplitFields {
  /** Bytes that filters may take in a URL, including the report's own. */
  private static final int MOST_BYTES = 6_000;

  /** Most values that one partition may exclude one by one, or be split by. */
  static final int MOST_VALUES = 60;

  private final List<Field> grouping;
  private final int room;

  /** Fields for which the report itself filters one value. */
  private final Set<Integer> constant = new HashSet<>();

  private boolean matchable = true;

  /**
   * @param own the report's own filters
   */
  SplitFields(List<Field> grouping, List<Filter> own) {
    this.grouping = List.copyOf(grouping);
    this.room = MOST_BYTES - own.stream().mapToInt(Patterns::encodedLength).sum();
    for (Filter filter : own) {
      if (filter.operator() == Operator.IS) {
        constant.add(grouping.indexOf(filter.property()));
      }
    }
  }

  int size() {
    return grouping.size();
  }

  Field get(int field) {
    return grouping.get(field);
  }

  /** Returns whether the server accepts regular expressions, as far as is known. */
  boolean matchable() {
    return matchable;
  }

  /** Avoids regular expressions from now on. */
  void unmatchable() {
    matchable = false;
  }

  /** Returns whether a field can be filtered by regular expressions. */
  boolean byExpression(int field) {
    return matchable && grouping.get(field).kind() == Field.Filtering.TEXT;
  }

  /** Returns the field that splits best according to a sample; -1 if none is left. */
  int choose(Part part, Sample sample, Set<Integer> not) {
    int best = -1;
    long least = Long.MAX_VALUE;
    for (int i = 0; i < grouping.size(); i++) {
      if (!isFilterable(i, part, not)) {
        continue;
      }
      long cost = sample.most(i) * 1_000L - Math.min(sample.distinct(i), 999);
      cost += hindrance(i, sample) * 2_000_000_000_000L;
      if (cost < least) {
        least = cost;
        best = i;
      }
    }
    return best;
  }

  private boolean isFilterable(int field, Part part, Set<Integer> not) {
    return !grouping.get(field).operators().isEmpty()
        && !constant.contains(field)
        && !part.fixed().contains(field)
        && !part.exhausted().contains(field)
        && !not.contains(field);
  }

  /** Returns the fields by which a partition can be cut. */
  List<Integer> filterable(Part part, Set<Integer> not) {
    return IntStream.range(0, grouping.size())
        .filter(i -> isFilterable(i, part, not))
        .boxed()
        .toList();
  }

  /**
   * Returns the fields in whose order a partition can be fetched with the least hindrance,
   * according to a sample.
   */
  List<Integer> orderable(Part part, Sample sample, Set<Integer> not) {
    List<Integer> all = filterable(part, not);
    int least = all.stream().mapToInt(i -> hindrance(i, sample)).min().orElse(0);
    return all.stream().filter(i -> hindrance(i, sample) == least).toList();
  }

  /**
   * Returns how unsuitable the order of a field is: 0 is suitable, 1 has too many values to exclude
   * one by one, 2 has fewer than two values.
   */
  private int hindrance(int field, Sample sample) {
    return sample.distinct(field) < 2
        ? 2
        : !byExpression(field) && sample.distinct(field) > MOST_VALUES ? 1 : 0;
  }

  Filter filter(int field, Operator operator, String value) {
    return new Filter(grouping.get(field), operator, value);
  }

  /**
   * Returns a filter that matches the rows with a value. For a value that cannot be sent it matches
   * other values as well; null if the field has no such filter.
   */
  @Nullable Filter holding(int field, String value) {
    if (StoredText.isSendable(value)) {
      return filter(field, Operator.IS, value);
    }
    return byExpression(field) ? filter(field, Operator.MATCHING, Patterns.like(value)) : null;
  }

  /** Returns the bytes that a partition's filters leave for others. */
  int room(Part part) {
    return room - part.encodedLength();
  }

  /**
   * Returns filters that exclude values, those with the most rows first, as far as there is room.
   *
   * @param left bytes that the filters may take
   */
  List<Filter> excluding(int field, Map<String, Integer> values, int left) {
    List<Filter> filters = new ArrayList<>();
    List<Map.Entry<String, Integer>> largest = new ArrayList<>(values.entrySet());
    largest.sort(Map.Entry.<String, Integer>comparingByValue().reversed());
    int length = 0;
    for (Map.Entry<String, Integer> value : largest) {
      if (!StoredText.isSendable(value.getKey())) {
        continue;
      }
      Filter filter = filter(field, Operator.IS_NOT, value.getKey());
      length += Patterns.encodedLength(filter);
      if (length > left) {
        break;
      }
      filters.add(filter);
    }
    return filters;
  }

  /** Returns the rows of a partition without a value of a field, of which there are some. */
  Part onlyNulls(Part part, int field) {
    Filter filter = filter(field, Operator.NOT_MATCHING, "^");
    return part.where(List.of(filter), field, Objects::isNull).fixing(field).bereftOf(field);
  }

  /** Returns a request for a partition, with filters in addition to its own. */
  Split.Ask question(Part part, List<Filter> more, int sortBy, boolean ascending) {
    List<Filter> filters = new ArrayList<>(part.filters());
    filters.addAll(more);
    return new Split.Ask(List.copyOf(filters), sortBy < 0 ? null : grouping.get(sortBy), ascending);
  }
}
