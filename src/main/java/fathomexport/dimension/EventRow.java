package fathomexport.dimension;

import fathomexport.report.Slice;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A row of the table {@code event}.
 *
 * @param event the site and the event's name
 * @param lastSeenAt when the API last listed the event
 */
public record EventRow(
    Slice event, @Nullable String currency, Instant firstSeenAt, Instant lastSeenAt) {

  /** Returns whether nothing but the time of the last sighting differs. */
  public boolean saysTheSameAs(@Nullable EventRow other) {
    return other != null
        && equals(new EventRow(other.event, other.currency, other.firstSeenAt, lastSeenAt));
  }
}
