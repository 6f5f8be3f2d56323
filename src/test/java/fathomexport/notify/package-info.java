@NullMarked
package fathomexport.notify;

import org.jspecify.annotations.NullMarked;
