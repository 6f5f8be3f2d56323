package fathomexport.dimension;

import fathomexport.report.Slice;
import java.time.LocalDate;
import org.jspecify.annotations.Nullable;

/**
 * A site or an event that no pipeline's list has contained since it was last seen, whichever
 * pipeline found that out.
 *
 * @param slice the site, or one of its events
 * @param lastDay the last day that was stored of it by then; null if nothing was stored
 */
public record Retirement(Slice slice, @Nullable LocalDate lastDay) {}
