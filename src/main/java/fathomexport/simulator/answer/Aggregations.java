package fathomexport.simulator.answer;

import fathomexport.simulator.answer.AggregationQuery.Grouping;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.world.World;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** Answers {@code GET /aggregations}. */
public final class Aggregations {
  private final Grouper grouper;

  public Aggregations(World world) {
    this.grouper = new Grouper(world);
  }

  /**
   * Answers a query.
   *
   * @param number the request's number, which salts unstable orders
   */
  public Answer answer(AggregationQuery query, Behaviour behaviour, Instant now, int number) {
    SiteIndex index = grouper.index(query, behaviour);
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
    List<Group> groups = grouper.groups(query, behaviour, now, index, columns, found, number);
    if (groups.isEmpty() && query.grouping() == Grouping.NONE && query.fields().isEmpty()) {
      groups.add(new Group("", new int[0]));
    }
    groups = GroupOrder.first(found, groups, GroupOrder.of(query, behaviour, columns));
    if (query.offset() > 0) {
      groups =
          new ArrayList<>(groups.subList(Math.min(query.offset(), groups.size()), groups.size()));
    }
    groups = DamagedGroups.of(groups, query, behaviour, limit);
    return GroupsAsJson.of(groups, query, behaviour, columns);
  }
}
