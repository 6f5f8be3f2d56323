/** Tests of how stored data is compared with the API. */
@NullMarked
package fathomexport.verify;

import org.jspecify.annotations.NullMarked;
