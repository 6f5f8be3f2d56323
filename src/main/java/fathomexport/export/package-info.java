/**
 * The entry point for exports: {@link fathomexport.export.Exporter} plans, runs and records a job.
 */
@NullMarked
package fathomexport.export;

import org.jspecify.annotations.NullMarked;
