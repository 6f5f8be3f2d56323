/**
 * The PostgreSQL sink: reports in schema {@code fathom}, the ledger in {@code fathom_ops}, one
 * transaction per window.
 */
@NullMarked
package fathomexport.sink.postgres;

import org.jspecify.annotations.NullMarked;
