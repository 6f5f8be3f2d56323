/**
 * The one door to exports: {@link fathomexport.export.Exporter} has a job planned, runs it and
 * records it.
 */
@NullMarked
package fathomexport.export;

import org.jspecify.annotations.NullMarked;
