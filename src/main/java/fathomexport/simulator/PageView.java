package fathomexport.simulator;

import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One raw pageview: what every number of a pageview report is computed from.
 *
 * @param visit identifies the visit that it belongs to
 * @param at when; the local day and hour follow from the site's zone
 * @param startsVisit counts towards the site's visits
 * @param uniquePage counts towards the unique page views
 * @param bounced counts as a bounce; only looked at when {@code startsVisit}
 * @param durationSeconds seconds on the page; null when it was not measured
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

  /** A visit of one page that is not a bounce, without fields and without a duration. */
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

  /** Not the first of its visit: counts as a pageview but not as a visit. */
  public PageView continuing() {
    return new PageView(visit, at, fields, false, uniquePage, false, durationSeconds);
  }

  /** A page that its visit has seen before: does not count towards {@code uniques}. */
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
