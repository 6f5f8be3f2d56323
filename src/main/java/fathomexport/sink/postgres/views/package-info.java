/** The views of schema {@code fathom_bi}, generated from the definitions of the reports. */
@NullMarked
package fathomexport.sink.postgres.views;

import org.jspecify.annotations.NullMarked;
