/**
 * When a request may be sent: permits, the waits that the API asks for, the circuit breaker and the
 * budget of retries; and what every wait needs, the clock and the stop of a run. Knows nothing of
 * the requests themselves.
 */
@NullMarked
package fathomexport.api.pacing;

import org.jspecify.annotations.NullMarked;
