@NullMarked
package fathomexport.api;

import org.jspecify.annotations.NullMarked;
