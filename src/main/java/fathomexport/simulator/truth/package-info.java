/**
 * The expected content of reports. It knows the records and the behaviour, but not the responses:
 * an error in the code of those could not be found otherwise.
 */
@NullMarked
package fathomexport.simulator.truth;

import org.jspecify.annotations.NullMarked;
