package fathomexport.fetch.partition;

import fathomexport.report.Filter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A partition of a period: the filters of its requests, and the rules that decide which rows of a
 * response belong to it. The filters may match more rows than belong, never fewer; the rules are
 * exact, so that partitions never share a row, however the server interprets a filter.
 *
 * @param filters filters in addition to the report's own
 * @param rules rules that all hold for a row that belongs
 * @param fixed fields that have one value in all rows
 * @param exhausted fields by which this partition cannot be split further
 * @param watches notified of each row that is taken, to detect rows without a value
 * @param bereft the field whose missing values are all that belongs here, if the partition must not
 *     be empty; -1 for none
 */
record Part(
    List<Filter> filters,
    List<Rule> rules,
    Set<Integer> fixed,
    Set<Integer> exhausted,
    List<Watch> watches,
    int bereft) {

  static final Part ALL = new Part(List.of(), List.of(), Set.of(), Set.of(), List.of(), -1);

  /** A condition on one field of the rows that belong. */
  record Rule(int field, Test test) {}

  /** Decides whether a value belongs. */
  interface Test {
    boolean holds(@Nullable String value);
  }

  /** Records whether rows without a value of a field have been taken. */
  static final class Watch {
    private final int field;
    private boolean seen;

    Watch(int field) {
      this.field = field;
    }

    boolean seen() {
      return seen;
    }

    void forget() {
      seen = false;
    }
  }

  boolean holds(@Nullable String[] cells) {
    for (Rule rule : rules) {
      if (!rule.test().holds(cells[rule.field()])) {
        return false;
      }
    }
    return true;
  }

  void taken(@Nullable String[] cells) {
    for (Watch watch : watches) {
      watch.seen |= cells[watch.field] == null;
    }
  }

  Part where(List<Filter> moreFilters, int field, Test test) {
    List<Filter> allFilters = new ArrayList<>(filters);
    allFilters.addAll(moreFilters);
    List<Rule> allRules = new ArrayList<>(rules);
    allRules.add(new Rule(field, test));
    return new Part(allFilters, allRules, fixed, exhausted, watches, -1);
  }

  /**
   * Returns this partition with one value of a field. Exhausted fields are tried again, since there
   * are fewer rows.
   */
  Part fixing(int field) {
    Set<Integer> more = new HashSet<>(fixed);
    more.add(field);
    return new Part(filters, rules, more, Set.of(), watches, bereft);
  }

  Part exhausting(int field) {
    Set<Integer> more = new HashSet<>(exhausted);
    more.add(field);
    return new Part(filters, rules, fixed, more, watches, bereft);
  }

  Part watching(Watch watch) {
    List<Watch> more = new ArrayList<>(watches);
    more.add(watch);
    return new Part(filters, rules, fixed, exhausted, more, bereft);
  }

  /**
   * Returns this partition as one that contains only rows without a value of the field and is not
   * empty.
   */
  Part bereftOf(int field) {
    return new Part(filters, rules, fixed, exhausted, watches, field);
  }

  /** Returns the bytes that the filters add to a request. */
  int encodedLength() {
    return filters.stream().mapToInt(Patterns::encodedLength).sum();
  }
}
