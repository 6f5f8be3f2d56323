@NullMarked
package fathomexport.sink.postgres.lease;

import org.jspecify.annotations.NullMarked;
