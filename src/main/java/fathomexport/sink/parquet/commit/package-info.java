/** One window into its files: new rows, carried rows and footers, renamed into place. */
@NullMarked
package fathomexport.sink.parquet.commit;

import org.jspecify.annotations.NullMarked;
