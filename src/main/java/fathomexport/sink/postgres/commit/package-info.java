/** One window in one transaction: its rows by COPY, and its ledger entry. */
@NullMarked
package fathomexport.sink.postgres.commit;

import org.jspecify.annotations.NullMarked;
