/**
 * What is known of the windows that were committed: certificates, and what was learned of the API.
 */
@NullMarked
package fathomexport.ledger;

import org.jspecify.annotations.NullMarked;
