package fathomexport.report;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * A site, and for reports on events one of its events.
 *
 * @param event the event's name in its stored form, see {@link StoredText}; null for pageviews
 */
public record Slice(SiteId site, @Nullable String event) implements Serializable {
  /** Returns the event's name, or {@code ""} for pageviews: the ledger's key. */
  public String eventKey() {
    return event == null ? "" : event;
  }

  @Override
  public String toString() {
    return event == null ? site.value() : site.value() + "/" + event;
  }
}
