@NullMarked
package fathomexport.listing;

import org.jspecify.annotations.NullMarked;
