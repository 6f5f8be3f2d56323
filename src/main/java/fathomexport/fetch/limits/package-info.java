/**
 * The limits of the API that its documentation does not state: found out from its responses and
 * refusals, kept in the ledger, and shown. Start at {@link fathomexport.fetch.limits.Knowledge}.
 */
@NullMarked
package fathomexport.fetch.limits;

import org.jspecify.annotations.NullMarked;
