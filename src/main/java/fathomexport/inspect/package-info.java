/** What is stored and what a plan costs, for a person; asks nothing of the API. */
@NullMarked
package fathomexport.inspect;

import org.jspecify.annotations.NullMarked;
