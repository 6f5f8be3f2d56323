package fathomexport.plan;

import java.time.LocalDate;

/**
 * Periods between the first stored day and the look-back that a sink lacks and that lie further
 * back than a run fills holes. Only a backfill fetches them.
 *
 * @param periods number of periods, over all reports, sites and events
 * @param first first missing day
 * @param last last missing day
 * @param alsoNeverStored whether a backfill from the first to the last day would fetch more than
 *     that: days before some report or site was first stored
 */
public record Missing(long periods, LocalDate first, LocalDate last, boolean alsoNeverStored) {}
