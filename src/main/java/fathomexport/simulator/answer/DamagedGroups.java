package fathomexport.simulator.answer;

import fathomexport.simulator.answer.AggregationQuery.Grouping;
import fathomexport.simulator.behaviour.Behaviour;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;

/** The faults that a server has on purpose in its rows. */
final class DamagedGroups {
  private DamagedGroups() {}

  /** Applies the configured server faults to a correct response. */
  static List<Group> of(
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
      Group stray = new Group(Buckets.label(query.grouping(), before), model.codes);
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
}
