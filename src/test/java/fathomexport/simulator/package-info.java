/** Tests of the simulator. */
@NullMarked
package fathomexport.simulator;

import org.jspecify.annotations.NullMarked;
