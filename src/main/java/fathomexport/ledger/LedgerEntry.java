package fathomexport.ledger;

import fathomexport.report.Slice;

/**
 * What is stored of one period of a report and slice.
 *
 * @param windowId the window that committed it
 * @param stored whether rows of the period are stored (a certified period of zero rows is: nothing
 *     was measured); false when an incomplete attempt found nothing stored and left it so
 */
public record LedgerEntry(
    String report,
    Slice slice,
    PeriodCertificate certificate,
    Provenance provenance,
    String windowId,
    boolean stored) {}
