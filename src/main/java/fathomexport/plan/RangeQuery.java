package fathomexport.plan;

import fathomexport.report.DayRange;
import fathomexport.report.QueryShape;
import fathomexport.report.Slice;
import java.time.ZoneId;
import org.jspecify.annotations.Nullable;

/**
 * A query of a slice over a range of days, in as many requests as it takes.
 *
 * @param zone the site's zone, which identifies the week of a clock change; null if unknown
 */
public record RangeQuery(Slice slice, QueryShape shape, DayRange days, @Nullable ZoneId zone) {}
