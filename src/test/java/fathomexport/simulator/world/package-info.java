/** Tests of the records that a simulator answers from. */
@NullMarked
package fathomexport.simulator.world;

import org.jspecify.annotations.NullMarked;
