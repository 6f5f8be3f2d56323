package fathomexport.sink;

import fathomexport.report.SiteId;
import java.time.LocalDate;

/**
 * The number of samples that a sink holds of one site and one day.
 *
 * @param day in UTC
 */
public record SampleCount(SiteId site, LocalDate day, long samples) {}
