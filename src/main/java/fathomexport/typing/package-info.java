/**
 * Converts the API's text cells to typed columns, strictly. A row that cannot be typed is kept in
 * its raw form.
 */
@NullMarked
package fathomexport.typing;

import org.jspecify.annotations.NullMarked;
