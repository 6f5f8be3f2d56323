package fathomexport.sink;

import fathomexport.dimension.Change;
import fathomexport.dimension.Dimensions;
import fathomexport.dimension.Listing;
import fathomexport.dimension.Retirement;
import fathomexport.dimension.Sighting;
import java.util.List;

/**
 * The part of a sink that stores what the ids and names in reports stand for. Its tables are small
 * and are written as a whole; what goes wrong here never concerns a report's rows. Safe for
 * concurrent use by several runs.
 */
public interface DimensionStore {
  /**
   * Returns whether the sink is ready for dimensions, that is, whether a run or {@code migrate} has
   * prepared it.
   *
   * @throws SinkException {@code UNAVAILABLE}
   */
  boolean isPrepared();

  /**
   * Returns what is stored; nothing if the sink is not prepared.
   *
   * @param pipeline the pipeline whose listings are returned; empty for none
   * @throws SinkException {@code UNAVAILABLE}; {@code DAMAGED} if it cannot be read
   */
  Dimensions read(String pipeline);

  /**
   * Returns what a pipeline's lists contained, retired sites and events included; nothing if the
   * sink is not prepared.
   *
   * @throws SinkException as {@link #read}
   */
  List<Listing> listings(String pipeline);

  /**
   * Returns the sites and events that no pipeline's list has contained since they were last seen,
   * in no particular order; nothing if the sink is not prepared.
   *
   * @throws SinkException as {@link #read}
   */
  List<Retirement> retired();

  /**
   * Merges a sighting into what is stored. What has not changed is not written, apart from the time
   * of the last sighting.
   *
   * @return the differences from what was stored
   * @throws SinkException {@code UNAVAILABLE} if nothing was stored, or the next merge completes
   *     it; {@code DAMAGED} if what is stored cannot be read
   */
  List<Change> record(Sighting sighting);
}
