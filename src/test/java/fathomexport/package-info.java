/** The whole program, from the command line to what lands, against a simulated API. */
@NullMarked
package fathomexport;

import org.jspecify.annotations.NullMarked;
