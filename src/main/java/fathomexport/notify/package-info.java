/** Notifies people of the ends of runs: a command, a webhook, a dead man's switch. */
@NullMarked
package fathomexport.notify;

import org.jspecify.annotations.NullMarked;
