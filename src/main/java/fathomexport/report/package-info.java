/**
 * The domain: what is asked of the API, over which days, and what the answer's rows look like.
 * Plain Java that every other package may know and that knows none of them.
 */
@NullMarked
package fathomexport.report;

import org.jspecify.annotations.NullMarked;
