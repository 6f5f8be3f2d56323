/**
 * Controls when requests may be sent: clients with the permits of their account, the quota that
 * runs share through a ledger, and the budget of one run.
 */
@NullMarked
package fathomexport.quota;

import org.jspecify.annotations.NullMarked;
