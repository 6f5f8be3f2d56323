/** Tests of the parts of the command line. */
@NullMarked
package fathomexport.cli;

import org.jspecify.annotations.NullMarked;
