package fathomexport.dimension;

import fathomexport.report.Milestone;
import fathomexport.report.Site;
import fathomexport.report.SiteEvent;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the API described at one time.
 *
 * @param sites every site that was described
 * @param events the events of each site whose list of events was read, with the currency that
 *     counts
 * @param milestones the milestones of each site that was asked for them; empty where the API does
 *     not offer them
 * @param member whose lists these are; null if no pipeline asked
 */
public record Sighting(
    Instant at,
    List<Site> sites,
    Map<SiteId, List<SiteEvent>> events,
    Map<SiteId, Optional<List<Milestone>>> milestones,
    @Nullable Membership member) {
  public Sighting {
    sites = List.copyOf(sites);
    events = Map.copyOf(events);
    milestones = Map.copyOf(milestones);
  }

  /** Returns a sighting of milestones only. */
  public static Sighting ofMilestones(
      Instant at, Map<SiteId, Optional<List<Milestone>>> milestones) {
    return new Sighting(at, List.of(), Map.of(), milestones, null);
  }

  /** Returns the pipeline's name, or the empty text. */
  public String pipeline() {
    return member == null ? "" : member.pipeline();
  }

  /**
   * What a pipeline exports, and what has left its lists.
   *
   * @param sites the sites that the pipeline exports now
   * @param gone sites that exist no more, or that the token can no longer read
   * @param stored sites and events of which something was stored before a version recorded what the
   *     lists contain; empty once that is recorded
   * @param lastDays the last stored day of each site and event that may have left the lists
   */
  public record Membership(
      String pipeline,
      Set<SiteId> sites,
      Set<SiteId> gone,
      Set<Slice> stored,
      Map<Slice, LocalDate> lastDays) {
    public Membership {
      sites = Set.copyOf(sites);
      gone = Set.copyOf(gone);
      stored = Set.copyOf(stored);
      lastDays = Map.copyOf(lastDays);
    }
  }
}
