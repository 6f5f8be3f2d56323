/** Connections to PostgreSQL, their settings, and the translation of database failures. */
@NullMarked
package fathomexport.sink.postgres.db;

import org.jspecify.annotations.NullMarked;
