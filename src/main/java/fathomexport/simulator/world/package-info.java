/** The raw records that a simulator answers from: sites, their pageviews and their events. */
@NullMarked
package fathomexport.simulator.world;

import org.jspecify.annotations.NullMarked;
