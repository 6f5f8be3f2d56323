/**
 * The Parquet sink: one file per report, site and month (or year), with the certificates in its
 * footer. The ledger is stored with the data. Start at {@link
 * fathomexport.sink.parquet.ParquetSink}.
 */
@NullMarked
package fathomexport.sink.parquet;

import org.jspecify.annotations.NullMarked;
