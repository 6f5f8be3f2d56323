@NullMarked
package fathomexport.cli.command;

import org.jspecify.annotations.NullMarked;
