@NullMarked
package fathomexport.cli.output;

import org.jspecify.annotations.NullMarked;
