/** The process of a command: streams, variables, signals, exit codes. */
@NullMarked
package fathomexport.cli.process;

import org.jspecify.annotations.NullMarked;
