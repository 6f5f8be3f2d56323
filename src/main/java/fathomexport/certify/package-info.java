/** Certifies that fetched rows are complete and that rates are in the stored unit. */
@NullMarked
package fathomexport.certify;

import org.jspecify.annotations.NullMarked;
