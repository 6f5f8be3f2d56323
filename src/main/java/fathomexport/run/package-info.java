/**
 * What a run is: its job and settings, what becomes of a window, the summary, and {@link
 * fathomexport.run.FailurePolicy}, which decides what a failure means.
 */
@NullMarked
package fathomexport.run;

import org.jspecify.annotations.NullMarked;
