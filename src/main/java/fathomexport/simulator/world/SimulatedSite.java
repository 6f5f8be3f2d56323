package fathomexport.simulator.world;

import java.time.Instant;
import java.time.ZoneId;
import java.util.Objects;

/** A site of the account. {@code zone} is the time zone of its reports. */
public record SimulatedSite(String id, String name, ZoneId zone, Instant createdAt) {
  public SimulatedSite {
    if (!id.matches("[A-Z0-9]{1,20}")) {
      throw new IllegalArgumentException("not a site id: " + id);
    }
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(zone, "zone");
    Objects.requireNonNull(createdAt, "createdAt");
  }

  public SimulatedSite inZone(ZoneId newZone) {
    return new SimulatedSite(id, name, newZone, createdAt);
  }
}
