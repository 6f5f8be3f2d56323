@NullMarked
package fathomexport.window;

import org.jspecify.annotations.NullMarked;
