@NullMarked
package fathomexport.fetch.partition;

import org.jspecify.annotations.NullMarked;
