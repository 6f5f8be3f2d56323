package fathomexport.config;

import fathomexport.report.SiteId;
import java.io.Serializable;
import java.util.List;

/** The sites that a pipeline exports. */
public sealed interface SiteSelection extends Serializable {

  /** All sites that the token may read. */
  record All() implements SiteSelection {}

  /** These sites; the token need not be able to list them. */
  record Listed(List<SiteId> ids) implements SiteSelection {
    public Listed {
      ids = List.copyOf(ids);
      if (ids.isEmpty() || ids.stream().distinct().count() != ids.size()) {
        throw new IllegalArgumentException("site ids must be given, each once");
      }
    }
  }
}
