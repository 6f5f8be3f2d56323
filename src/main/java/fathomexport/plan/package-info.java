/** Which windows are due, in which order, with which control; and how a window is paged through. */
@NullMarked
package fathomexport.plan;

import org.jspecify.annotations.NullMarked;
