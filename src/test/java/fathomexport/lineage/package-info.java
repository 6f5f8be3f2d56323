@NullMarked
package fathomexport.lineage;

import org.jspecify.annotations.NullMarked;
