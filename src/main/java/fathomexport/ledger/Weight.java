package fathomexport.ledger;

/**
 * How much is stored of a report, of all sites.
 *
 * @param rows by what the ledger says of the stored periods
 * @param bytes on disk, indexes and the like included
 */
public record Weight(long rows, long bytes) {}
