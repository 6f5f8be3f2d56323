/**
 * What a plan costs before anything is asked: requests, rows and time. Start at {@link
 * fathomexport.cost.RequestCosts}.
 */
@NullMarked
package fathomexport.cost;

import org.jspecify.annotations.NullMarked;
