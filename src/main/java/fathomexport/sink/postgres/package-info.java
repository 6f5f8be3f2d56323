/**
 * The sink that is a PostgreSQL database: reports in schema {@code fathom}, the ledger in {@code
 * fathom_ops}, one window one transaction.
 */
@NullMarked
package fathomexport.sink.postgres;

import org.jspecify.annotations.NullMarked;
