package fathomexport.inspect;

import fathomexport.dimension.Listing;
import fathomexport.report.Slice;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkException;
import fathomexport.sinks.Sinks;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sites and events that the API no longer lists to a pipeline. What is stored of them stays; it
 * is never late, and no command can fetch more of it.
 *
 * @param slices the sites, each as a slice without an event, and the events
 */
public record Retired(Set<Slice> slices) {
  private static final Logger LOG = LoggerFactory.getLogger(Retired.class);

  /** Nothing is retired. */
  public static final Retired NONE = new Retired(Set.of());

  public Retired {
    slices = Set.copyOf(slices);
  }

  /** Reads which sites and events of a pipeline are retired. */
  public static Retired of(String pipeline, Sinks sinks) {
    return new Retired(
        listings(pipeline, sinks).stream()
            .filter(listing -> listing.unlistedAt() != null)
            .map(Listing::slice)
            .collect(Collectors.toSet()));
  }

  /** Reads what the first sink that can be read has recorded of a pipeline's lists. */
  static List<Listing> listings(String pipeline, Sinks sinks) {
    for (Sink sink : sinks.all()) {
      try {
        return sink.dimensions().listings(pipeline);
      } catch (SinkException e) {
        LOG.warn("which sites and events are retired cannot be read: {}", e.getMessage());
      }
    }
    return List.of();
  }

  /** Returns whether a slice is retired, itself or together with its site. */
  public boolean covers(Slice slice) {
    return slices.contains(slice) || slices.contains(new Slice(slice.site(), null));
  }
}
