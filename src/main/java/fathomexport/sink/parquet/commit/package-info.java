/**
 * The commit of a window to its files: new rows, carried rows and footers, put in place by renames.
 */
@NullMarked
package fathomexport.sink.parquet.commit;

import org.jspecify.annotations.NullMarked;
