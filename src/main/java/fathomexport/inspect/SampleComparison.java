package fathomexport.inspect;

import fathomexport.report.SiteId;
import fathomexport.run.ExportJob;
import fathomexport.sink.SampleCount;
import fathomexport.sink.Sink;
import fathomexport.sinks.Sinks;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Compares how many samples of current visitors the sinks hold, by site and day. */
final class SampleComparison {
  private SampleComparison() {}

  /** A site's day, in UTC. */
  private record SiteDay(SiteId site, LocalDate day) {}

  /**
   * Returns one item per sink that has fewer samples of some site and day than another sink.
   *
   * @param now the last 31 days before it are compared
   */
  static List<StatusOverview.SampleLag> of(ExportJob job, Sinks sinks, Instant now) {
    LocalDate from = LocalDate.ofInstant(now, ZoneOffset.UTC).minusDays(QuotaUse.DAYS - 1L);
    if (sinks.all().size() < 2) {
      return List.of();
    }
    Map<String, Map<SiteDay, Long>> bySink = new HashMap<>();
    Map<SiteDay, Long> most = new HashMap<>();
    // The database, which comes first, knows the ids that folders may only have a digest of.
    Set<SiteId> known = new HashSet<>(job.sites().orElse(List.of()));
    for (Sink sink : sinks.all()) {
      Map<SiteDay, Long> counts = new HashMap<>();
      for (SampleCount count : sink.samples().counts(Set.copyOf(known), from)) {
        known.add(count.site());
        if (job.sites().map(ids -> ids.contains(count.site())).orElse(true)) {
          SiteDay key = new SiteDay(count.site(), count.day());
          counts.put(key, count.samples());
          most.merge(key, count.samples(), Math::max);
        }
      }
      bySink.put(sink.name(), counts);
    }
    List<StatusOverview.SampleLag> lacking = new ArrayList<>();
    for (Sink sink : sinks.all()) {
      Map<SiteDay, Long> counts = bySink.getOrDefault(sink.name(), Map.of());
      Set<SiteId> sites = new HashSet<>();
      LocalDate first = LocalDate.MAX;
      LocalDate last = LocalDate.MIN;
      long lacks = 0;
      for (Map.Entry<SiteDay, Long> e : most.entrySet()) {
        long fewer = e.getValue() - counts.getOrDefault(e.getKey(), 0L);
        if (fewer > 0) {
          LocalDate day = e.getKey().day();
          lacks += fewer;
          sites.add(e.getKey().site());
          first = day.isBefore(first) ? day : first;
          last = day.isAfter(last) ? day : last;
        }
      }
      if (lacks > 0) {
        lacking.add(new StatusOverview.SampleLag(sink.name(), lacks, sites.size(), first, last));
      }
    }
    return List.copyOf(lacking);
  }
}
