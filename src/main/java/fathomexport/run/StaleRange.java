package fathomexport.run;

import java.time.LocalDate;

/**
 * Stored periods of a report and site that were fetched under another definition of the report or
 * in another time zone of the site. A backfill of the range renews them.
 *
 * @param last last measured day
 * @param periods number of periods, over all events
 * @param why the reason, for people
 */
public record StaleRange(
    String report, String site, LocalDate first, LocalDate last, long periods, String why) {}
