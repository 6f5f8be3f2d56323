/**
 * Exports one window, from the fetch to its commit, and holds what the windows of a run share.
 * Independent of the runner. Start at {@link fathomexport.window.WindowExport}.
 */
@NullMarked
package fathomexport.window;

import org.jspecify.annotations.NullMarked;
