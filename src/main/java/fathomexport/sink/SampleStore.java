package fathomexport.sink;

import fathomexport.report.VisitorSample;

/** The part of a sink that takes samples of current visitors. Thread-safe. */
public interface SampleStore {
  /**
   * Makes the place ready: creates tables, finishes what a killed run left half-written.
   *
   * @throws SinkException {@code UNAVAILABLE}; {@code DEFINITION}
   */
  void prepare();

  /**
   * Adds a sample to all {@link SampleTable}s, whole or not at all. One that is stored already, by
   * its site and time, is left as it is.
   *
   * @throws SinkException {@code UNAVAILABLE}: it is not stored, or {@link #prepare} is going to
   *     finish it; {@code UNKNOWN}: whether it is stored could not be found out
   */
  void append(VisitorSample sample);
}
