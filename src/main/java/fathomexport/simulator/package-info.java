/**
 * A server that answers like Fathom's API. Responses are computed from raw visits and events.
 *
 * <p>It does not depend on the exporter, so that a test can compute the expected result ({@link
 * fathomexport.simulator.truth.Truth}) without trusting the code under test. Undocumented
 * properties of the real API are switches of {@link fathomexport.simulator.behaviour.Behaviour}.
 */
@NullMarked
package fathomexport.simulator;

import org.jspecify.annotations.NullMarked;
