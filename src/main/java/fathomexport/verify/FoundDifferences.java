package fathomexport.verify;

import fathomexport.ledger.KnownDifference;
import fathomexport.ledger.LedgerException;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.DifferenceCause;
import fathomexport.report.Report;
import fathomexport.report.Slice;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps what a verification finds in the ledgers of the sinks, each of which keeps what was found
 * of its own rows. What was found earlier stays for the periods that were not compared this time.
 */
final class FoundDifferences {
  private static final Logger LOG = LoggerFactory.getLogger(FoundDifferences.class);

  private final String runId;
  private final InstantSource time;

  /** What was known before, by sink and report; read once, since few reports have any. */
  private final Map<Place, Map<Slice, List<KnownDifference>>> before = new HashMap<>();

  private final Map<Place, Compared> compared = new LinkedHashMap<>();

  /** The sinks whose ledgers could not be read or written. */
  private final Set<String> without = new HashSet<>();

  FoundDifferences(String runId, InstantSource time) {
    this.runId = runId;
    this.time = time;
  }

  private record Place(Sink sink, Report report) {}

  private record Why(DifferenceCause cause, @Nullable String detail) {}

  /** What was compared of one slice. */
  private static final class Compared {
    private final List<DayRange> periods = new ArrayList<>();
    private final Map<DayRange, Why> differing = new LinkedHashMap<>();
  }

  /** Records that a period was compared, whatever comes of it. */
  void compared(Sink sink, Report report, DayRange period) {
    of(sink, report).periods.add(period);
  }

  /** Records that a period differs. The first cause that is found of it counts. */
  void differs(
      Sink sink, Report report, DayRange period, DifferenceCause cause, @Nullable String detail) {
    of(sink, report).differing.putIfAbsent(period, new Why(cause, detail));
  }

  private Compared of(Sink sink, Report report) {
    return compared.computeIfAbsent(new Place(sink, report), p -> new Compared());
  }

  /** Writes what was compared of a slice, where it changes what is known. */
  void write(Slice slice) {
    compared.forEach(
        (place, its) -> {
          if (!without.contains(place.sink().name())) {
            try {
              write(place, slice, its);
            } catch (LedgerException | SinkException e) {
              // The result is worth more than its record, for example if the files are read-only.
              without.add(place.sink().name());
              LOG.warn(
                  "could not record in {} which periods differ: {}",
                  place.sink().name(),
                  e.getMessage());
            }
          }
        });
    compared.clear();
  }

  private void write(Place place, Slice slice, Compared its) {
    Map<Slice, List<KnownDifference>> known = before.get(place);
    if (known == null) {
      known = new HashMap<>();
      for (KnownDifference d : place.sink().ledger().differences(place.report().name())) {
        known.computeIfAbsent(d.slice(), s -> new ArrayList<>()).add(d);
      }
      before.put(place, known);
    }
    List<KnownDifference> earlier = known.getOrDefault(slice, List.of());
    List<KnownDifference> now = new ArrayList<>();
    for (KnownDifference d : earlier) {
      rest(place.report(), d.days(), its.periods).forEach(left -> now.add(d.during(left)));
    }
    // Not earlier: what is fetched meanwhile was not compared.
    Instant at = time.instant();
    Map<Why, List<DayRange>> byWhy = new LinkedHashMap<>();
    its.differing.forEach(
        (period, why) -> byWhy.computeIfAbsent(why, w -> new ArrayList<>()).add(period));
    byWhy.forEach(
        (why, periods) ->
            joined(place.report(), periods)
                .forEach(
                    days ->
                        now.add(
                            new KnownDifference(
                                place.report().name(),
                                slice,
                                days,
                                why.cause(),
                                why.detail(),
                                at,
                                runId))));
    if (!now.equals(earlier)) {
      place.sink().ledger().replaceDifferences(place.report().name(), slice, now);
    }
  }

  /** Returns what was not compared of some days. Ranges of one report may overlap. */
  private static List<DayRange> rest(Report report, DayRange days, List<DayRange> periods) {
    if (report.dateGrouping() == DateGrouping.NONE) {
      return periods.contains(days) ? List.of() : List.of(days);
    }
    return days.without(periods);
  }

  private static List<DayRange> joined(Report report, List<DayRange> periods) {
    return report.dateGrouping() == DateGrouping.NONE ? periods : DayRange.union(periods);
  }
}
