/**
 * Rows as bytes: encoded once, ordered by comparing bytes, and streamed from memory or a spill
 * file.
 */
@NullMarked
package fathomexport.report.rows;

import org.jspecify.annotations.NullMarked;
