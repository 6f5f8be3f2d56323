package fathomexport.sink;

import fathomexport.report.SiteId;
import fathomexport.report.VisitorSample;
import java.time.LocalDate;
import java.util.Collection;
import java.util.List;

/** The part of a sink that stores samples of current visitors. Thread-safe. */
public interface SampleStore {
  /**
   * Prepares the store: creates tables, and completes what a killed run left half-written.
   *
   * @throws SinkException {@code UNAVAILABLE}; {@code DEFINITION}
   */
  void prepare();

  /**
   * Adds a sample to all {@link SampleTable}s, completely or not at all. A sample that is already
   * stored, by its site and time, remains as it is.
   *
   * @throws SinkException {@code UNAVAILABLE} if the sample is not stored, or {@link #prepare} will
   *     complete it; {@code UNKNOWN} if it could not be determined whether it is stored
   */
  void append(VisitorSample sample);

  /**
   * Returns how many samples are stored, by site and day; empty if none ever was.
   *
   * @param known sites that the caller knows: a store that keeps very long ids as digests only
   *     recognises those of them
   * @param from the first day, in UTC
   * @throws SinkException {@code UNAVAILABLE}
   */
  List<SampleCount> counts(Collection<SiteId> known, LocalDate from);
}
