@NullMarked
package fathomexport.cluster;

import org.jspecify.annotations.NullMarked;
