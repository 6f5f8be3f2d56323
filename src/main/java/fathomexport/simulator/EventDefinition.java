package fathomexport.simulator;

import java.time.Instant;
import java.util.Objects;

/** An event of a site as {@code GET /sites/{id}/events} lists it. Several may share a name. */
public record EventDefinition(String id, String name, String currency, Instant createdAt) {
  public EventDefinition {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(currency, "currency");
    Objects.requireNonNull(createdAt, "createdAt");
  }
}
