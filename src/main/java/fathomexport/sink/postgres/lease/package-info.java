/** The quota of an account that several runs share through the database. */
@NullMarked
package fathomexport.sink.postgres.lease;

import org.jspecify.annotations.NullMarked;
