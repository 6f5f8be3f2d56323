@NullMarked
package fathomexport.sink.parquet.ledger;

import org.jspecify.annotations.NullMarked;
