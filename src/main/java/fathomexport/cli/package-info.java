/**
 * The command line: turns arguments into tables and exit codes. It depends on the configuration and
 * the run, but not on the parts that they consist of.
 */
@NullMarked
package fathomexport.cli;

import org.jspecify.annotations.NullMarked;
