package fathomexport.fetch;

import fathomexport.report.DayRange;
import fathomexport.report.QueryShape;
import fathomexport.report.Slice;
import java.time.ZoneId;
import org.jspecify.annotations.Nullable;

/**
 * What is asked of a slice over a range of days, in as many requests as that takes.
 *
 * @param zone the site's, which tells the week of a clock change from others; null when unknown
 */
record RangeQuery(Slice slice, QueryShape shape, DayRange days, @Nullable ZoneId zone) {}
