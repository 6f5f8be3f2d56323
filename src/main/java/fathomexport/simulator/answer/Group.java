package fathomexport.simulator.answer;

import java.util.HashSet;
import java.util.Set;

/** The sums of a group of records. */
final class Group {
  final String label;
  final int[] codes;
  long tie;
  long visits;
  long uniques;
  Set<Long> visitors = Set.of();
  long records;
  long bounces;
  long seconds;
  long timed;
  long cents;
  long priced;

  Group(String label, int[] codes) {
    this.label = label;
    this.codes = codes;
  }

  Group(String label, Group other) {
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

  void add(SiteIndex index, int row, boolean recognised) {
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
