package fathomexport.ledger;

import fathomexport.report.Slice;
import java.io.Serializable;
import java.time.Instant;
import java.time.LocalDate;

/**
 * A period that the control confirmed and that was fetched all the same: the test of the assumption
 * that equal totals mean equal rows. One that failed switches confirmation off for its site.
 *
 * @param agreed whether the rows were those that are stored
 */
public record Audit(
    String report, Slice slice, LocalDate period, boolean agreed, Instant at, String runId)
    implements Serializable {}
