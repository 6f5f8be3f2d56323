/** Tests of what is shown of the stored data. */
@NullMarked
package fathomexport.inspect;

import org.jspecify.annotations.NullMarked;
