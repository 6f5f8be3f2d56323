/**
 * Splits a period that exceeds the row limit into disjoint partitions by filters. Start at {@link
 * fathomexport.fetch.partition.Split}.
 */
@NullMarked
package fathomexport.fetch.partition;

import org.jspecify.annotations.NullMarked;
