package fathomexport.report;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * Whose rows: a site, and for reports on events one event of it.
 *
 * @param event the event's name as it is stored, see {@link StoredText}; null for pageviews
 */
public record Slice(SiteId site, @Nullable String event) implements Serializable {
  /** The event's name, or {@code ""} for pageviews: how the ledger keys it. */
  public String eventKey() {
    return event == null ? "" : event;
  }

  @Override
  public String toString() {
    return event == null ? site.value() : site.value() + "/" + event;
  }
}
