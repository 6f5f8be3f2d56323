/** The Parquet files: their layout, their rows, and how they are written durably. */
@NullMarked
package fathomexport.sink.parquet.file;

import org.jspecify.annotations.NullMarked;
