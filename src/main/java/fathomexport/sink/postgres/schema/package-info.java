/** The tables: those of the program by Flyway, those of reports by their definition. */
@NullMarked
package fathomexport.sink.postgres.schema;

import org.jspecify.annotations.NullMarked;
