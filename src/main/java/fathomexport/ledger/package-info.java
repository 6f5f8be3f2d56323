/**
 * The ledger: what is stored with its certificates, and the limits of the API that runs have
 * learned.
 */
@NullMarked
package fathomexport.ledger;

import org.jspecify.annotations.NullMarked;
