/**
 * Decides which windows are due, in which order and with which control, and how to page through
 * them.
 */
@NullMarked
package fathomexport.plan;

import org.jspecify.annotations.NullMarked;
