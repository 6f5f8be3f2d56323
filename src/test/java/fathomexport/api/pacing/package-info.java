@NullMarked
package fathomexport.api.pacing;

import org.jspecify.annotations.NullMarked;
