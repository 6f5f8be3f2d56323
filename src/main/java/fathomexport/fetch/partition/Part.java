package fathomexport.fetch.partition;

import fathomexport.report.Filter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A part of a period: what the server is asked to leave in, and which rows of its answer belong.
 * The filters may let through more than belongs, never less; the rules are exact, so parts never
 * share a row, whatever the server's idea of a filter.
 *
 * @param filters besides the report's own
 * @param rules all of them hold for a row that belongs
 * @param fixed fields with one value throughout
 * @param exhausted fields that this part cannot be walked by
 * @param watches told when a row without a value is taken
 * @param bereft the field whose missing values are all that belongs here, where the part must not
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

  /** What holds for one field of a row that belongs. */
  record Rule(int field, Test test) {}

  /** Whether a value belongs. */
  interface Test {
    boolean holds(@Nullable String value);
  }

  /** Whether a field's missing values have turned up. */
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

  /** With one value of a field: whatever could not be done before may be possible now. */
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

  /** Nothing but rows without a value of the field, of which there are some. */
  Part bereftOf(int field) {
    return new Part(filters, rules, fixed, exhausted, watches, field);
  }

  /** Bytes that the filters add to a request. */
  int encodedLength() {
    return filters.stream().mapToInt(Patterns::encodedLength).sum();
  }
}
