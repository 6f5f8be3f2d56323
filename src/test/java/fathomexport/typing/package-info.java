@NullMarked
package fathomexport.typing;

import org.jspecify.annotations.NullMarked;
