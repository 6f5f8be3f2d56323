/** Exports Fathom Analytics reports, complete or saying that they are not. */
@NullMarked
package fathomexport;

import org.jspecify.annotations.NullMarked;
