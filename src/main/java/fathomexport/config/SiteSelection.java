package fathomexport.config;

import fathomexport.report.SiteId;
import java.io.Serializable;
import java.util.List;

/** Which sites a pipeline exports. */
public sealed interface SiteSelection extends Serializable {

  /** Every site that the token may read. */
  record All() implements SiteSelection {}

  /** These sites; they need not be listable by the token. */
  record Listed(List<SiteId> ids) implements SiteSelection {
    public Listed {
      ids = List.copyOf(ids);
      if (ids.isEmpty() || ids.stream().distinct().count() != ids.size()) {
        throw new IllegalArgumentException("site ids must be given, each once");
      }
    }
  }
}
