/**
 * What the processes of a run on several machines tell each other, through the database that they
 * share. Start at {@link fathomexport.cluster.RunBoard}.
 */
@NullMarked
package fathomexport.cluster;

import org.jspecify.annotations.NullMarked;
