/**
 * Reads {@code conf/*.yaml} and {@code pipelines/*.yaml}: what a file says ({@link
 * fathomexport.config.YamlNode}, with places) and what it was resolved to ({@link
 * fathomexport.config.Settings}, {@link fathomexport.config.PipelineDefinition}) are two types.
 * Start at {@link fathomexport.config.ConfigLoader}.
 */
@NullMarked
package fathomexport.config;

import org.jspecify.annotations.NullMarked;
