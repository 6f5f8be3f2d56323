/** What several tests build on: reports, windows with their rows, databases. */
@NullMarked
package fathomexport.testing;

import org.jspecify.annotations.NullMarked;
