/** The tables: Flyway scripts create the program's own, report definitions the reports'. */
@NullMarked
package fathomexport.sink.postgres.schema;

import org.jspecify.annotations.NullMarked;
