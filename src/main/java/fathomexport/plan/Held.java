package fathomexport.plan;

import fathomexport.report.Slice;
import java.time.Instant;
import java.time.LocalDate;
import org.jspecify.annotations.Nullable;

/**
 * What a sink holds of one period, as far as planning cares.
 *
 * @param coversTo last measured day of the period
 * @param complete whether it is certified or uncertified, rather than incomplete
 * @param askAgain whether it is uncertified for a reason that may have passed
 * @param definition digest of the report's definition that was asked
 * @param fetchedAt when its rows were fetched
 * @param knownAt when it was fetched, or confirmed since
 * @param zone the site's zone when it was fetched; null when not known
 * @param controlDigest of the control's answer that it is certified against; null when it is not
 *     certified, or that is not known
 */
public record Held(
    Slice slice,
    LocalDate period,
    LocalDate coversTo,
    boolean complete,
    boolean askAgain,
    String definition,
    Instant fetchedAt,
    Instant knownAt,
    @Nullable String zone,
    long rows,
    @Nullable String controlDigest) {

  /** What is held without anything that could confirm it. */
  public Held(
      Slice slice,
      LocalDate period,
      LocalDate coversTo,
      boolean complete,
      String definition,
      Instant fetchedAt,
      @Nullable String zone,
      long rows) {
    this(
        slice,
        period,
        coversTo,
        complete,
        false,
        definition,
        fetchedAt,
        fetchedAt,
        zone,
        rows,
        null);
  }
}
