package fathomexport.simulator.world;

import java.time.LocalDate;
import java.util.Objects;

/** A note on a site's timeline, as listed by {@code GET /sites/{id}/milestones}. */
public record SimulatedMilestone(String id, LocalDate date, String name) {
  public SimulatedMilestone {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(date, "date");
    Objects.requireNonNull(name, "name");
  }
}
