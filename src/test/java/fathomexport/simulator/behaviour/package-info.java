/** Tests of the switches of the simulated API. */
@NullMarked
package fathomexport.simulator.behaviour;

import org.jspecify.annotations.NullMarked;
