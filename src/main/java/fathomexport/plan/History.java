package fathomexport.plan;

import java.io.Serializable;
import java.time.LocalDate;
import java.util.Set;

/**
 * What the reports that share a control hold together, in the days of the control and just before
 * them: by it a silence is told from a sudden one.
 *
 * @param stored periods that any of them has stored
 * @param active those of which it has rows
 */
public record History(Set<LocalDate> stored, Set<LocalDate> active) implements Serializable {
  /** Periods before a silence that are looked at. */
  public static final int PERIODS = 3;

  public static final History NONE = new History(Set.of(), Set.of());

  public History {
    stored = Set.copyOf(stored);
    active = Set.copyOf(active);
  }
}
