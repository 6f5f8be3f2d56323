/** Tests of what a command takes from its process. */
@NullMarked
package fathomexport.cli.process;

import org.jspecify.annotations.NullMarked;
