@NullMarked
package fathomexport.run;

import org.jspecify.annotations.NullMarked;
