/** Tests of how responses are made. */
@NullMarked
package fathomexport.simulator.answer;

import org.jspecify.annotations.NullMarked;
