/** Proof that what was fetched is complete, and that rates are in the unit they are stored in. */
@NullMarked
package fathomexport.certify;

import org.jspecify.annotations.NullMarked;
