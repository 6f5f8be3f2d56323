@NullMarked
package fathomexport.sink.parquet.file;

import org.jspecify.annotations.NullMarked;
