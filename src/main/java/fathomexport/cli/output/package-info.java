/** The output of commands: tables, progress, log lines, the status page, metrics. */
@NullMarked
package fathomexport.cli.output;

import org.jspecify.annotations.NullMarked;
