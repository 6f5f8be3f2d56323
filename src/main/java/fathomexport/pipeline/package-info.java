/**
 * The run itself: the only package that knows Beam. Start reading at {@link
 * fathomexport.pipeline.ExportPipeline}.
 */
@NullMarked
package fathomexport.pipeline;

import org.jspecify.annotations.NullMarked;
