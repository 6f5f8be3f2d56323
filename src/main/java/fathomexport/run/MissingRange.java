package fathomexport.run;

import java.time.LocalDate;

/**
 * Periods that are missing and that no run fetches, because they lie too far back. A backfill of
 * the range fetches them.
 *
 * @param periods number of periods, over all reports, sites and events
 * @param alsoNeverStored whether the backfill would fetch more than that: days before some report
 *     or site was first stored
 */
public record MissingRange(
    long periods, LocalDate first, LocalDate last, boolean alsoNeverStored) {}
