/**
 * What the API answers, read from JSON: the rows of an aggregation one by one, the records of lists
 * and single objects, and why a request was refused. Knows nothing of how an answer arrives.
 */
@NullMarked
package fathomexport.api.answer;

import org.jspecify.annotations.NullMarked;
