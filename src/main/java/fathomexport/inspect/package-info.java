/** Overviews for people: what is stored and what a plan costs. Sends no request to the API. */
@NullMarked
package fathomexport.inspect;

import org.jspecify.annotations.NullMarked;
