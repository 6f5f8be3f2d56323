package fathomexport.lineage;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import fathomexport.report.Column;
import fathomexport.report.DayRange;
import io.openlineage.client.OpenLineage;
import java.io.IOException;
import java.net.URI;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Formats events about the runs of one job as JSON. Source: OpenLineage's specification 2-0-2,
 * through its own model.
 */
final class Events {
  private static final String ENGINE = "Apache Beam";
  private static final String LANGUAGE = "JAVA";
  private static final String UNPACKAGED = "dev";

  private final ObjectMapper json =
      new ObjectMapper()
          .setDefaultPropertyInclusion(JsonInclude.Include.NON_NULL)
          .registerModule(new SimpleModule().addSerializer(new Times()));
  private final String version;
  private final URI producer;
  private final OpenLineage model;
  private final String namespace;
  private final String job;
  private final String engineVersion;
  private final Optional<ParentRuns> parents;

  /**
   * @param job name of the job
   * @param engineVersion version of Beam
   */
  Events(String namespace, String job, String engineVersion, Optional<ParentRuns> parents) {
    String packaged = Events.class.getPackage().getImplementationVersion();
    this.version = packaged == null ? UNPACKAGED : packaged;
    this.producer = URI.create("urn:fathom-export:version:" + version);
    this.model = new OpenLineage(producer);
    this.namespace = namespace;
    this.job = job;
    this.engineVersion = engineVersion;
    this.parents = parents;
  }

  /**
   * The state of a run at one moment.
   *
   * @param days the days of the run; null if unknown
   * @param error the error message; null if there is no error
   * @param totals values of {@link Facets#TOTALS}
   * @param tallies tallies by table; empty if the outcome per table is unknown
   */
  record RunReport(
      UUID run,
      OpenLineage.RunEvent.EventType type,
      Instant at,
      Datasets datasets,
      @Nullable DayRange days,
      @Nullable String error,
      Map<String, Object> totals,
      Map<String, WindowTally> tallies) {}

  /** Formats the event on one line. */
  String json(RunReport report) {
    OpenLineage.RunEvent event =
        model.newRunEvent(
            // Some receivers cannot parse finer times.
            report.at().truncatedTo(ChronoUnit.MILLIS).atZone(ZoneOffset.UTC),
            report.type(),
            model.newRun(report.run(), runFacets(report)),
            model.newJob(
                namespace,
                job,
                model
                    .newJobFacetsBuilder()
                    .jobType(
                        model
                            .newJobTypeJobFacetBuilder()
                            .processingType("BATCH")
                            .integration("FATHOM_EXPORT")
                            .jobType("PIPELINE")
                            .build())
                    .build()),
            report.datasets().read().stream()
                .map(name -> read(report.datasets().api(), name))
                .toList(),
            report.datasets().written().stream()
                .map(w -> written(w, report.tallies().get(w.schema().name())))
                .toList());
    try {
      return json.writeValueAsString(event);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot write a lineage event", e);
    }
  }

  private OpenLineage.RunFacets runFacets(RunReport report) {
    OpenLineage.RunFacetsBuilder facets =
        model
            .newRunFacetsBuilder()
            .processing_engine(model.newProcessingEngineRunFacet(engineVersion, ENGINE, version));
    parents.ifPresent(p -> facets.parent(parent(p)));
    DayRange days = report.days();
    if (days != null) {
      facets.nominalTime(
          model.newNominalTimeRunFacet(
              days.first().atStartOfDay(ZoneOffset.UTC),
              days.last().plusDays(1).atStartOfDay(ZoneOffset.UTC)));
    }
    if (report.error() != null) {
      facets.errorMessage(model.newErrorMessageRunFacet(report.error(), LANGUAGE, null));
    }
    return facets.put(Facets.TOTALS, Facets.totals(producer, report.totals())).build();
  }

  private OpenLineage.ParentRunFacet parent(ParentRuns runs) {
    ParentRuns.Reference parent = runs.parent();
    // A parent without a parent is the root.
    ParentRuns.Reference root = runs.root() == null ? parent : runs.root();
    return model.newParentRunFacet(
        model.newParentRunFacetRunBuilder().runId(parent.run()).build(),
        model
            .newParentRunFacetJobBuilder()
            .namespace(parent.namespace())
            .name(parent.job())
            .build(),
        model
            .newParentRunFacetRootBuilder()
            .run(model.newRootRunBuilder().runId(root.run()).build())
            .job(model.newRootJobBuilder().namespace(root.namespace()).name(root.job()).build())
            .build());
  }

  private OpenLineage.InputDataset read(URI api, String name) {
    return model
        .newInputDatasetBuilder()
        .namespace(api.toString())
        .name(name)
        .facets(
            model
                .newDatasetFacetsBuilder()
                .dataSource(model.newDatasourceDatasetFacet(api.toString(), api))
                .build())
        .build();
  }

  private OpenLineage.OutputDataset written(Datasets.Written written, @Nullable WindowTally tally) {
    OpenLineage.DatasetFacetsBuilder facets =
        model.newDatasetFacetsBuilder().schema(schema(written));
    switch (written.form()) {
      case POSTGRES ->
          facets.dataSource(
              model.newDatasourceDatasetFacet(
                  written.namespace(), URI.create(written.namespace())));
      case PARQUET -> facets.storage(model.newStorageDatasetFacet("file", "parquet"));
    }
    OpenLineage.OutputDatasetOutputFacetsBuilder outcome =
        model.newOutputDatasetOutputFacetsBuilder();
    if (tally != null) {
      outcome
          .outputStatistics(
              model.newOutputStatisticsOutputDatasetFacet(tally.rowsWritten(), null, null))
          .put(Facets.WINDOWS, Facets.windows(producer, tally.facet()));
    }
    return model.newOutputDataset(
        written.namespace(), written.name(), facets.build(), outcome.build());
  }

  private OpenLineage.SchemaDatasetFacet schema(Datasets.Written written) {
    List<Column> columns = written.schema().columns();
    return model.newSchemaDatasetFacet(
        columns.stream()
            .map(
                c ->
                    model
                        .newSchemaDatasetFacetFieldsBuilder()
                        .name(c.name())
                        .type(written.typeName(c.type()))
                        .ordinal_position(columns.indexOf(c) + 1L)
                        .build())
            .toList());
  }

  /** Serializes the times of the model, which Jackson does not support by default. */
  private static final class Times extends StdSerializer<ZonedDateTime> {
    private static final long serialVersionUID = 1L;

    Times() {
      super(ZonedDateTime.class);
    }

    @Override
    public void serialize(ZonedDateTime time, JsonGenerator out, SerializerProvider provider)
        throws IOException {
      out.writeString(DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(time));
    }
  }
}
