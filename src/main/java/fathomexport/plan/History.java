package fathomexport.plan;

import java.io.Serializable;
import java.time.LocalDate;
import java.util.Set;

/**
 * What the reports that share a control have stored together, for the days of the control and the
 * periods just before them. It shows whether an empty response ends a run of active periods.
 *
 * @param stored periods that any of the reports has stored
 * @param active those of them that have rows
 */
public record History(Set<LocalDate> stored, Set<LocalDate> active) implements Serializable {
  /** Number of periods before an empty one that are considered. */
  public static final int PERIODS = 3;

  public static final History NONE = new History(Set.of(), Set.of());

  public History {
    stored = Set.copyOf(stored);
    active = Set.copyOf(active);
  }
}
