@NullMarked
package fathomexport.sink.postgres.schema;

import org.jspecify.annotations.NullMarked;
