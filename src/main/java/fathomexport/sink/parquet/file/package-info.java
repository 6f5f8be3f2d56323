/** Files, their layout, their rows, and how they come to the disk. */
@NullMarked
package fathomexport.sink.parquet.file;

import org.jspecify.annotations.NullMarked;
