/**
 * The command line: words in, tables and exit codes out. Knows the configuration and the run, not
 * what they are made of.
 */
@NullMarked
package fathomexport.cli;

import org.jspecify.annotations.NullMarked;
