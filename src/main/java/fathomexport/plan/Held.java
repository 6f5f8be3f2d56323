package fathomexport.plan;

import fathomexport.report.Slice;
import java.time.Instant;
import java.time.LocalDate;
import org.jspecify.annotations.Nullable;

/**
 * What a sink has stored of one period, as far as planning needs it.
 *
 * @param coversTo last measured day of the period
 * @param complete whether it is certified or uncertified, rather than incomplete
 * @param askAgain whether it is uncertified for a reason that may no longer apply
 * @param definition digest of the report's definition at the time of the fetch
 * @param fetchedAt when its rows were fetched
 * @param knownAt when it was fetched, or confirmed since
 * @param zone the site's zone when it was fetched; null if unknown
 * @param controlDigest digest of the control's response that it is certified against; null if it is
 *     not certified, or if that is unknown
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

  /** Creates an entry that no control can confirm. */
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
