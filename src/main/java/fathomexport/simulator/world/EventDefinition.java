package fathomexport.simulator.world;

import java.time.Instant;
import java.util.Objects;

/**
 * An event of a site as listed by {@code GET /sites/{id}/events}. Several events can share a name.
 */
public record EventDefinition(String id, String name, String currency, Instant createdAt) {
  public EventDefinition {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(currency, "currency");
    Objects.requireNonNull(createdAt, "createdAt");
  }
}
