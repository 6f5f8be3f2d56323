package fathomexport.run;

import java.time.LocalDate;

/**
 * Stored periods of a report and site that were asked for under another definition of the report or
 * in another zone of the site: what a backfill of the range renews.
 *
 * @param last last measured day
 * @param periods how many, over all events
 */
public record StaleRange(
    String report, String site, LocalDate first, LocalDate last, long periods, String why) {}
