@NullMarked
package fathomexport.export;

import org.jspecify.annotations.NullMarked;
