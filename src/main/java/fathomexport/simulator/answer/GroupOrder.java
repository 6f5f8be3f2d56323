package fathomexport.simulator.answer;

import fathomexport.simulator.answer.AggregationQuery.Sort;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.world.Dimension;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/** The order of the rows of a response. */
final class GroupOrder {
  private GroupOrder() {}

  /** Returns the first groups in an order, without sorting those that the limit cuts off. */
  static List<Group> first(int limit, List<Group> groups, Comparator<Group> order) {
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

  /** Returns the order of a query's rows. */
  static Comparator<Group> of(
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
              g -> GroupMeasures.number(sort.key(), g, behaviour),
              Comparator.nullsFirst(Comparator.naturalOrder()));
    }
    return (sort.ascending() ? byKey : byKey.reversed()).thenComparing(byTie);
  }
}
