/** Compares what is stored with the control totals that the API reports now. */
@NullMarked
package fathomexport.verify;

import org.jspecify.annotations.NullMarked;
