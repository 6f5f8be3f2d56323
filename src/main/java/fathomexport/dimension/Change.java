package fathomexport.dimension;

import fathomexport.report.Slice;
import org.jspecify.annotations.Nullable;

/**
 * A difference between what was known and what the API describes now.
 *
 * @param before the former name, time zone, account or currency; for a site that is gone, its last
 *     name; null for other kinds
 * @param after the present name, time zone, account or currency; null for other kinds, and for a
 *     currency that is not known any more
 */
public record Change(
    ChangeKind kind, Slice slice, @Nullable String before, @Nullable String after) {
  /** The kind of difference. */
  public enum ChangeKind {
    RENAMED,
    MOVED,
    /** Another of several accounts lists the site and pays for its requests. */
    ACCOUNT,
    /** An event has another currency, which is that of its history as well. */
    CURRENCY,
    /** The pipeline exports the site for the first time. */
    NEW_SITE,
    SITE_GONE,
    EVENT_GONE,
    /** A retired site or event is listed again. */
    BACK
  }

  static Change of(ChangeKind kind, Slice slice) {
    return new Change(kind, slice, null, null);
  }
}
