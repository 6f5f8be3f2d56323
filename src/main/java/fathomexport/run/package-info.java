/**
 * The model of a run: its job and settings, the outcomes of windows, the summary, and {@link
 * fathomexport.run.FailurePolicy}, which decides what a failure means.
 */
@NullMarked
package fathomexport.run;

import org.jspecify.annotations.NullMarked;
