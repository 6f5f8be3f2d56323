@NullMarked
package fathomexport.fetch.limits;

import org.jspecify.annotations.NullMarked;
