package fathomexport.plan;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * What is stored of a period that a task is about.
 *
 * @param rows the most that any of its reports has
 * @param controlDigest of the control's answer that confirms all of its reports in all sinks; null
 *     when none does, so that the period is fetched
 */
public record HeldPeriod(long rows, @Nullable String controlDigest) implements Serializable {}
