/**
 * Fetches the rows of a task, complete or not at all. Start at {@link
 * fathomexport.fetch.WindowFetcher}.
 */
@NullMarked
package fathomexport.fetch;

import org.jspecify.annotations.NullMarked;
