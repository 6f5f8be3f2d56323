/** The contract of all sinks: one window is one commit, together with its ledger entry. */
@NullMarked
package fathomexport.sink;

import org.jspecify.annotations.NullMarked;
