package fathomexport.report;

import java.io.Serializable;
import java.util.List;

/** Which events a report on events is about. Events are identified by name within a site. */
public sealed interface EventSelection extends Serializable {

  /** Every event that a site has. */
  record All() implements EventSelection {}

  /** The events of these names, as they are stored: see {@link StoredText}. */
  record Named(List<String> names) implements EventSelection {
    public Named {
      names = List.copyOf(names);
      if (names.isEmpty() || names.stream().anyMatch(String::isEmpty)) {
        throw new IllegalArgumentException("event names must be given and not be empty");
      }
      if (names.stream().distinct().count() != names.size()) {
        throw new IllegalArgumentException("an event is named twice");
      }
    }
  }
}
