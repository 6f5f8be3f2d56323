/**
 * Turns the API's text cells into typed columns, strictly; what cannot be typed is kept as it came.
 */
@NullMarked
package fathomexport.typing;

import org.jspecify.annotations.NullMarked;
