@NullMarked
package fathomexport.sink.parquet.commit;

import org.jspecify.annotations.NullMarked;
