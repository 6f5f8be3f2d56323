package fathomexport.ledger;

import fathomexport.report.Slice;
import java.time.Instant;
import java.time.LocalDate;

/**
 * The last failed attempt at a period; gone when a later one succeeds.
 *
 * @param windowId the window that failed; empty for an attempt that an older version noted in files
 * @param kept whether older rows of the period stand
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
