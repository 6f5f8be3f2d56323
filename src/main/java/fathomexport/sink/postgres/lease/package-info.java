/** The quota of an account, shared by several runs through the database. */
@NullMarked
package fathomexport.sink.postgres.lease;

import org.jspecify.annotations.NullMarked;
