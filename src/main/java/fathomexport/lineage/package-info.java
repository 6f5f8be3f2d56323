/**
 * Tells a lineage server of runs, in OpenLineage's events. Start at {@link
 * fathomexport.lineage.RunLineage}.
 */
@NullMarked
package fathomexport.lineage;

import org.jspecify.annotations.NullMarked;
