/**
 * A server that answers like Fathom's API, computed from raw visits and events that it keeps.
 *
 * <p>It knows nothing of the exporter, so that a test can compute what must have landed ({@link
 * fathomexport.simulator.Truth}) without trusting the code under test. What is not documented of
 * the real API is a switch of {@link fathomexport.simulator.Behaviour}.
 */
@NullMarked
package fathomexport.simulator;

import org.jspecify.annotations.NullMarked;
