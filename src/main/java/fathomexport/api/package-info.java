/**
 * The client of the Fathom Analytics API: typed outcomes, one deadline per request, retries with a
 * budget, and permits that every request needs. Start at {@link fathomexport.api.FathomClient}.
 */
@NullMarked
package fathomexport.api;

import org.jspecify.annotations.NullMarked;
