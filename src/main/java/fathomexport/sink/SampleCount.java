package fathomexport.sink;

import fathomexport.report.SiteId;
import java.time.LocalDate;

/**
 * How many samples of a site a sink holds of a day.
 *
 * @param day in UTC
 */
public record SampleCount(SiteId site, LocalDate day, long samples) {}
