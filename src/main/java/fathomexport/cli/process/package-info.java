/** What a command takes from its process: streams, variables, signals, exit codes. */
@NullMarked
package fathomexport.cli.process;

import org.jspecify.annotations.NullMarked;
