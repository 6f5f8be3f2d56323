/** What a test decides about a server: switches, faults, quotas and tokens. */
@NullMarked
package fathomexport.simulator.behaviour;

import org.jspecify.annotations.NullMarked;
