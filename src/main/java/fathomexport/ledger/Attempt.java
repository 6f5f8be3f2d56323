package fathomexport.ledger;

import fathomexport.report.Slice;
import java.time.Instant;
import java.time.LocalDate;

/**
 * The last failed attempt to fetch and commit a period. A later success of the period deletes it.
 *
 * @param windowId the id of the window that failed; empty for an attempt that an older version
 *     recorded in files
 * @param kept whether older rows of the period remain stored
 */
public record Attempt(
    String report,
    Slice slice,
    LocalDate period,
    LocalDate coversTo,
    String windowId,
    Instant at,
    String runId,
    String reason,
    boolean kept) {}
