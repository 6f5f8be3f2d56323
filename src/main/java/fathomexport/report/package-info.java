/**
 * The domain: what the API is queried for, over which days, and what the resulting rows look like.
 * Plain Java without dependencies on other packages; every other package may depend on it.
 */
@NullMarked
package fathomexport.report;

import org.jspecify.annotations.NullMarked;
