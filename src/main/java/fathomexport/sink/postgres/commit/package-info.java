/** The transaction of a window: its rows by COPY, and its ledger entries. */
@NullMarked
package fathomexport.sink.postgres.commit;

import org.jspecify.annotations.NullMarked;
