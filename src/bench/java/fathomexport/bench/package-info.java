/** How fast a million rows land, measured beside what PostgreSQL's own client does with them. */
@NullMarked
package fathomexport.bench;

import org.jspecify.annotations.NullMarked;
