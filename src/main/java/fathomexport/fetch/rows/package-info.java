/**
 * Reads the rows of one response into a spool and checks them: their dates, their order, and that
 * no group occurs twice.
 */
@NullMarked
package fathomexport.fetch.rows;

import org.jspecify.annotations.NullMarked;
