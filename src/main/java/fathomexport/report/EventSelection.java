package fathomexport.report;

import java.io.Serializable;
import java.util.List;

/** The events that a report on events covers. An event is identified by its name within a site. */
public sealed interface EventSelection extends Serializable {

  /** All events of a site. */
  record All() implements EventSelection {}

  /** The events with these names, in their stored form: see {@link StoredText}. */
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
