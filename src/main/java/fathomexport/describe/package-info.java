/** Describes the tables and views for other programs, from the reports' definitions alone. */
@NullMarked
package fathomexport.describe;

import org.jspecify.annotations.NullMarked;
