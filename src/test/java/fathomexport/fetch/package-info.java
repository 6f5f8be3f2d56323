@NullMarked
package fathomexport.fetch;

import org.jspecify.annotations.NullMarked;
