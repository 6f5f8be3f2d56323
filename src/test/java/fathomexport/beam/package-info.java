@NullMarked
package fathomexport.beam;

import org.jspecify.annotations.NullMarked;
