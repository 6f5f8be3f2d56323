package fathomexport.lineage;

import io.openlineage.client.OpenLineage;
import java.net.URI;
import java.util.Map;

/**
 * The OpenLineage facets of fathom-export. Their schemas are in {@code
 * docs/lineage/FathomExportFacets-1-0-0.json}; a change that is visible to readers requires a new
 * version.
 */
final class Facets {
  static final String SCHEMAS = "urn:fathom-export:facets:1-0-0#/$defs/";

  /** Facet of a run: its totals. */
  static final String TOTALS = "fathomExport_totals";

  /** Facet of an output: the outcome of one report's windows. */
  static final String WINDOWS = "fathomExport_windows";

  private Facets() {}

  static OpenLineage.RunFacet totals(URI producer, Map<String, Object> values) {
    return new Totals(producer, values);
  }

  static OpenLineage.OutputDatasetFacet windows(URI producer, Map<String, Object> values) {
    return new Windows(producer, values);
  }

  private static final class Totals extends OpenLineage.DefaultRunFacet {
    Totals(URI producer, Map<String, Object> values) {
      super(producer);
      getAdditionalProperties().putAll(values);
    }

    @Override
    public URI get_schemaURL() {
      return URI.create(SCHEMAS + "FathomExportTotalsRunFacet");
    }
  }

  private static final class Windows extends OpenLineage.DefaultOutputDatasetFacet {
    Windows(URI producer, Map<String, Object> values) {
      super(producer);
      getAdditionalProperties().putAll(values);
    }

    @Override
    public URI get_schemaURL() {
      return URI.create(SCHEMAS + "FathomExportWindowsOutputDatasetFacet");
    }
  }
}
