/** What every place that rows land in does: one window, one commit, its ledger entry with it. */
@NullMarked
package fathomexport.sink;

import org.jspecify.annotations.NullMarked;
