/** The ledger in the footers of the data files and in notes beside them. */
@NullMarked
package fathomexport.sink.parquet.ledger;

import org.jspecify.annotations.NullMarked;
