/**
 * What the ids and names in reports stand for: sites, events, milestones. What the API lists now is
 * merged into what is known, so that a site that is renamed, moved or deleted keeps its history.
 */
@NullMarked
package fathomexport.dimension;

import org.jspecify.annotations.NullMarked;
