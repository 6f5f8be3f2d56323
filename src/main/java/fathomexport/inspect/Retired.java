package fathomexport.inspect;

import fathomexport.dimension.Listing;
import fathomexport.dimension.Retirement;
import fathomexport.report.Slice;
import fathomexport.sink.DimensionStore;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkException;
import fathomexport.sinks.Sinks;
import java.util.HashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sites and events that the API no longer lists to a pipeline. What is stored of them stays; it
 * is never late, and no command can fetch more of it.
 *
 * @param slices the sites, each as a slice without an event, and the events
 * @param ended those of which the stored part of a period will never be whole, as the views of
 *     schema {@code fathom_bi} decide it: what no pipeline lists, and was stored
 */
public record Retired(Set<Slice> slices, Set<Slice> ended) {
  private static final Logger LOG = LoggerFactory.getLogger(Retired.class);

  /** Nothing is retired. */
  public static final Retired NONE = new Retired(Set.of(), Set.of());

  public Retired {
    slices = Set.copyOf(slices);
    ended = Set.copyOf(ended);
  }

  /**
   * Reads which sites and events of a pipeline are retired: those that its own lists have lost, and
   * those that a run of another pipeline has found to be gone and no run has seen since. The first
   * sink that can be read counts.
   */
  public static Retired of(String pipeline, Sinks sinks) {
    for (Sink sink : sinks.all()) {
      try {
        return of(pipeline, sink.dimensions());
      } catch (SinkException e) {
        LOG.warn("which sites and events are retired cannot be read: {}", e.getMessage());
      }
    }
    return NONE;
  }

  private static Retired of(String pipeline, DimensionStore known) {
    Set<Slice> slices = new HashSet<>();
    Set<Slice> ended = new HashSet<>();
    for (Retirement retirement : known.retired()) {
      slices.add(retirement.slice());
      if (retirement.lastDay() != null) {
        ended.add(retirement.slice());
      }
    }
    known.listings(pipeline).stream()
        .filter(listing -> listing.unlistedAt() != null)
        .map(Listing::slice)
        .forEach(slices::add);
    return new Retired(slices, ended);
  }

  /** Returns whether a slice is retired, itself or together with its site. */
  public boolean covers(Slice slice) {
    return contains(slices, slice);
  }

  /** Returns whether a period of a slice that is not whole will never be. */
  boolean hasEnded(Slice slice) {
    return contains(ended, slice);
  }

  private static boolean contains(Set<Slice> some, Slice slice) {
    return some.contains(slice) || some.contains(new Slice(slice.site(), null));
  }
}
