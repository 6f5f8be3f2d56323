@NullMarked
package fathomexport.quota;

import org.jspecify.annotations.NullMarked;
