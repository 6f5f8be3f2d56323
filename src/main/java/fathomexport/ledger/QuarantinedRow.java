package fathomexport.ledger;

import fathomexport.report.Slice;
import java.time.Instant;

/**
 * A row that could not be typed.
 *
 * @param rawText the row as the API returned it, as JSON
 * @param reason which cell is invalid, its value, and what is allowed
 */
public record QuarantinedRow(
    String report,
    Slice slice,
    String windowId,
    String runId,
    Instant at,
    String rawText,
    String reason) {}
