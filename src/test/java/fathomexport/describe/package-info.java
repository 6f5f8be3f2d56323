@NullMarked
package fathomexport.describe;

import org.jspecify.annotations.NullMarked;
