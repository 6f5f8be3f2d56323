package fathomexport.simulator.world;

import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One raw pageview. Every number of a pageview report is computed from these.
 *
 * @param visit identifies the visit of the pageview
 * @param at the time; the local day and hour follow from the site's zone
 * @param startsVisit whether it counts towards the site's visits
 * @param uniquePage whether it counts towards the unique page views
 * @param bounced whether it counts as a bounce; ignored unless {@code startsVisit}
 * @param durationSeconds seconds on the page; null if it was not measured
 */
public record PageView(
    long visit,
    Instant at,
    FieldValues fields,
    boolean startsVisit,
    boolean uniquePage,
    boolean bounced,
    @Nullable Integer durationSeconds) {

  public PageView {
    Objects.requireNonNull(at, "at");
    Objects.requireNonNull(fields, "fields");
    if (durationSeconds != null && durationSeconds < 0) {
      throw new IllegalArgumentException(
          "durationSeconds must not be negative: " + durationSeconds);
    }
  }

  /** Creates a visit of one page that is not a bounce, without fields and without a duration. */
  public static PageView at(Instant at) {
    return new PageView(0, at, FieldValues.NONE, true, true, false, null);
  }

  public PageView visit(long id) {
    return new PageView(id, at, fields, startsVisit, uniquePage, bounced, durationSeconds);
  }

  public PageView with(Dimension field, @Nullable String value) {
    return new PageView(
        visit, at, fields.with(field, value), startsVisit, uniquePage, bounced, durationSeconds);
  }

  public PageView host(@Nullable String hostname) {
    return with(Dimension.HOSTNAME, hostname);
  }

  public PageView path(@Nullable String pathname) {
    return with(Dimension.PATHNAME, pathname);
  }

  /**
   * Returns a pageview that is not the first of its visit: it counts as a pageview but not as a
   * visit.
   */
  public PageView continuing() {
    return new PageView(visit, at, fields, false, uniquePage, false, durationSeconds);
  }

  /**
   * Returns a pageview of a page that the visit has seen before: it does not count towards {@code
   * uniques}.
   */
  public PageView seenBefore() {
    return new PageView(visit, at, fields, startsVisit, false, bounced, durationSeconds);
  }

  public PageView bouncing() {
    return new PageView(visit, at, fields, startsVisit, uniquePage, true, durationSeconds);
  }

  public PageView lasting(@Nullable Integer seconds) {
    return new PageView(visit, at, fields, startsVisit, uniquePage, bounced, seconds);
  }
}
