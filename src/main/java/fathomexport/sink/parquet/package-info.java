/**
 * Rows as Parquet files, one a site and month (year), with their certificates in the footer: the
 * ledger lives with the data. Start at {@link fathomexport.sink.parquet.ParquetSink}.
 */
@NullMarked
package fathomexport.sink.parquet;

import org.jspecify.annotations.NullMarked;
