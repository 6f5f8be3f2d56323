@NullMarked
package fathomexport.fetch.control;

import org.jspecify.annotations.NullMarked;
