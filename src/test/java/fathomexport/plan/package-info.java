@NullMarked
package fathomexport.plan;

import org.jspecify.annotations.NullMarked;
