@NullMarked
package fathomexport.certify;

import org.jspecify.annotations.NullMarked;
