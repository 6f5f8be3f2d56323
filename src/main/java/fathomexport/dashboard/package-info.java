/** A page for managers: the numbers of schema fathom_bi in one HTML file that needs no server. */
@NullMarked
package fathomexport.dashboard;

import org.jspecify.annotations.NullMarked;
