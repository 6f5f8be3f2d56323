package fathomexport.ledger;

import fathomexport.report.Slice;
import java.time.Instant;
import java.time.LocalDate;
import org.jspecify.annotations.Nullable;

/**
 * The change of one measure of a stored period by a later fetch.
 *
 * @param measure an aggregate's API name, or {@code rows}
 * @param before sum over the period's rows before the change; null if it cannot be summed
 * @param reason why it changed; null if that was not recorded
 */
public record Restatement(
    String report,
    Slice slice,
    LocalDate period,
    String measure,
    @Nullable Double before,
    @Nullable Double after,
    Instant at,
    String runId,
    @Nullable RestatementReason reason) {}
