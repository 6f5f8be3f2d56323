/**
 * Reads {@code conf/*.yaml} and {@code pipelines/*.yaml}. The content of a file ({@link
 * fathomexport.config.YamlNode}, with places) and its decoded form ({@link
 * fathomexport.config.Settings}, {@link fathomexport.config.PipelineDefinition}) are separate
 * types. Start at {@link fathomexport.config.ConfigLoader}.
 */
@NullMarked
package fathomexport.config;

import org.jspecify.annotations.NullMarked;
