/**
 * Lanes and their summary as a Beam pipeline; the only package that knows Beam. Start at {@link
 * fathomexport.beam.ExportPipeline}.
 */
@NullMarked
package fathomexport.beam;

import org.jspecify.annotations.NullMarked;
