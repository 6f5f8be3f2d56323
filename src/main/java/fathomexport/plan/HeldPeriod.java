package fathomexport.plan;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * What is stored of one period of a task.
 *
 * @param rows the most rows that any of its reports has
 * @param controlDigest digest of the control's response that confirms all of its reports in all
 *     sinks; null if there is none, so that the period is fetched
 * @param whole whether all of its reports have it, in all sinks
 */
public record HeldPeriod(long rows, @Nullable String controlDigest, boolean whole)
    implements Serializable {}
