/**
 * One window, from the fetch to its commit, and what the windows of a run share. Knows no runner.
 * Start at {@link fathomexport.window.WindowExport}.
 */
@NullMarked
package fathomexport.window;

import org.jspecify.annotations.NullMarked;
