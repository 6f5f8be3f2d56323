/** All sinks of a job behind one class, and the lock on a pipeline. */
@NullMarked
package fathomexport.sinks;

import org.jspecify.annotations.NullMarked;
