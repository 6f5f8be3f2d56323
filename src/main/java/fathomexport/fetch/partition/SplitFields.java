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

/** The fields that a period can be walked by, by their place in the grouping, and their filters. */
final class SplitFields {
  /** Bytes that filters may take of a URL, the report's own included. */
  private static final int MOST_BYTES = 6_000;

  /** Values that one walk may exclude one by one, or part by. */
  static final int MOST_VALUES = 60;

  private final List<Field> grouping;
  private final int room;

  /** Fields that the report itself holds to one value. */
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

  /** Whether the server takes regular expressions, as far as is known. */
  boolean matchable() {
    return matchable;
  }

  /** Goes without regular expressions from now on. */
  void unmatchable() {
    matchable = false;
  }

  /** Whether a field can be filtered by regular expressions. */
  boolean byExpression(int field) {
    return matchable && grouping.get(field).kind() == Field.Kind.TEXT;
  }

  /** The field that cuts best, going by a sample; -1 when none is left. */
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

  /** The fields that a part can be cut by. */
  List<Integer> filterable(Part part, Set<Integer> not) {
    return IntStream.range(0, grouping.size())
        .filter(i -> isFilterable(i, part, not))
        .boxed()
        .toList();
  }

  /** The fields that a part can be walked by, going by a sample: without those that are worse. */
  List<Integer> walkable(Part part, Sample sample, Set<Integer> not) {
    List<Integer> all = filterable(part, not);
    int least = all.stream().mapToInt(i -> hindrance(i, sample)).min().orElse(0);
    return all.stream().filter(i -> hindrance(i, sample) == least).toList();
  }

  /** What stands against a walk by a field, least first. */
  private int hindrance(int field, Sample sample) {
    return sample.distinct(field) < 2
        ? 2
        : !byExpression(field) && sample.distinct(field) > MOST_VALUES ? 1 : 0;
  }

  Filter filter(int field, Operator operator, String value) {
    return new Filter(grouping.get(field), operator, value);
  }

  /**
   * A filter that lets rows of a value through. One for a value that cannot be sent lets others
   * through as well; null where the field takes no such filter.
   */
  @Nullable Filter holding(int field, String value) {
    if (StoredText.isSendable(value)) {
      return filter(field, Operator.IS, value);
    }
    return byExpression(field) ? filter(field, Operator.MATCHING, Patterns.like(value)) : null;
  }

  /** Bytes that a part's filters leave for more. */
  int room(Part part) {
    return room - part.encodedLength();
  }

  /** Filters that exclude values, the ones of most rows first, as far as there is room. */
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

  /** The rows of a part that have no value of a field, where there are some. */
  Part onlyNulls(Part part, int field) {
    Filter filter = filter(field, Operator.NOT_MATCHING, "^");
    return part.where(List.of(filter), field, Objects::isNull).fixing(field).bereftOf(field);
  }

  /** Asks for a part, with these filters besides its own. */
  Split.Ask question(Part part, List<Filter> more, int sortBy, boolean ascending) {
    List<Filter> filters = new ArrayList<>(part.filters());
    filters.addAll(more);
    return new Split.Ask(List.copyOf(filters), sortBy < 0 ? null : grouping.get(sortBy), ascending);
  }
}
