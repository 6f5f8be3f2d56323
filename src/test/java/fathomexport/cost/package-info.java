@NullMarked
package fathomexport.cost;

import org.jspecify.annotations.NullMarked;
