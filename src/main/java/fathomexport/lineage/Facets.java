package fathomexport.lineage;

import io.openlineage.client.OpenLineage;
import java.net.URI;
import java.util.Map;

/**
 * Facets of our own. Their schemas are in {@code docs/lineage/FathomExportFacets-1-0-0.json}; a
 * change that a reader would notice takes another version.
 */
final class Facets {
  static final String SCHEMAS = "urn:fathom-export:facets:1-0-0#/$defs/";

  /** Of a run: what came of all of it. */
  static final String TOTALS = "fathomExport_totals";

  /** Of an output: what came of one report's windows. */
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
