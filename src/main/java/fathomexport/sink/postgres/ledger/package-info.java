/** The ledger in the tables of {@code fathom_ops}. */
@NullMarked
package fathomexport.sink.postgres.ledger;

import org.jspecify.annotations.NullMarked;
