/** Connections to PostgreSQL, their settings, and what a failure of the database means. */
@NullMarked
package fathomexport.sink.postgres.db;

import org.jspecify.annotations.NullMarked;
