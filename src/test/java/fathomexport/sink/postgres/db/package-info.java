@NullMarked
package fathomexport.sink.postgres.db;

import org.jspecify.annotations.NullMarked;
