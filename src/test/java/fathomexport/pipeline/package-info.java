@NullMarked
package fathomexport.pipeline;

import org.jspecify.annotations.NullMarked;
