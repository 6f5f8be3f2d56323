/**
 * The client of the Fathom Analytics API: typed outcomes, one deadline a call, retries with a
 * budget, and permits as the only way to a request.
 */
@NullMarked
package fathomexport.api;

import org.jspecify.annotations.NullMarked;
