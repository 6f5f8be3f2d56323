/** All sinks of a job as one, and the lock on a pipeline. */
@NullMarked
package fathomexport.sinks;

import org.jspecify.annotations.NullMarked;
