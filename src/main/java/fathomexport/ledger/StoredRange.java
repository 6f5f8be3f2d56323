package fathomexport.ledger;

import fathomexport.report.DayRange;
import fathomexport.report.Slice;

/**
 * Stored periods of a slice that follow each other without a hole.
 *
 * @param days from the first period's first day to the last period's last day, whether or not that
 *     period was over
 */
public record StoredRange(Slice slice, DayRange days) {}
