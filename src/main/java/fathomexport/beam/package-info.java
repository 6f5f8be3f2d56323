/**
 * Runs lanes and their summary as a Beam pipeline; the only package that depends on Beam. Start at
 * {@link fathomexport.beam.ExportPipeline}.
 */
@NullMarked
package fathomexport.beam;

import org.jspecify.annotations.NullMarked;
