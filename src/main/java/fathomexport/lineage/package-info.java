/**
 * Reports runs to a lineage server as OpenLineage events. Start at {@link
 * fathomexport.lineage.RunLineage}.
 */
@NullMarked
package fathomexport.lineage;

import org.jspecify.annotations.NullMarked;
