/** The responses of the endpoints: queries parsed, rows computed, errors named. */
@NullMarked
package fathomexport.simulator.answer;

import org.jspecify.annotations.NullMarked;
