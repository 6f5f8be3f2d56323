/**
 * Who may send a request: the quota that runs share through a ledger, and the budget of one run.
 */
@NullMarked
package fathomexport.quota;

import org.jspecify.annotations.NullMarked;
