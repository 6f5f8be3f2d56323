package fathomexport.ledger;

import fathomexport.report.Slice;
import java.io.Serializable;
import java.time.Instant;
import java.time.LocalDate;

/**
 * The audit of a period: the control query confirmed the period, and its rows were fetched anyway.
 * Audits test the assumption that equal totals mean equal rows. A failed audit disables
 * confirmation for its site.
 *
 * @param agreed whether the fetched rows were equal to the stored ones
 */
public record Audit(
    String report, Slice slice, LocalDate period, boolean agreed, Instant at, String runId)
    implements Serializable {}
