@NullMarked
package fathomexport.fetch.rows;

import org.jspecify.annotations.NullMarked;
