package fathomexport.ledger;

/**
 * How much of a report is stored, over all sites.
 *
 * @param rows the number of rows in the stored periods, according to the ledger
 * @param bytes the size on disk, including indexes
 */
public record Weight(long rows, long bytes) {}
