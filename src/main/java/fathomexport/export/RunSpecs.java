package fathomexport.export;

import fathomexport.run.AccountAccess;
import fathomexport.run.Budget;
import fathomexport.run.ExportJob;
import fathomexport.run.ExportSettings;
import fathomexport.run.ExportSpec;
import fathomexport.run.Priority;
import fathomexport.sink.Fence;
import fathomexport.sink.postgres.db.PostgresSettings;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Creates the specs of runs from their jobs and the settings. */
final class RunSpecs {
  private final ExportSettings settings;
  private final JobSinks sinks;

  RunSpecs(ExportSettings settings, JobSinks sinks) {
    this.settings = settings;
    this.sinks = sinks;
  }

  /**
   * Creates the spec of a run that begins now, under a new id.
   *
   * @param verb the command without the options that limit it to a part of the pipeline
   * @param accounts the accounts of the sites
   * @param quota the database through which runs share the accounts' quotas; null if there is none
   * @param fences the fence for commits to each sink, by the sink's name
   * @param continuation the arguments that continue the run if it ends early, or empty
   */
  ExportSpec spec(
      ExportJob job,
      String verb,
      long windows,
      Instant startedAt,
      List<AccountAccess> accounts,
      Priority priority,
      @Nullable PostgresSettings quota,
      Budget budget,
      Map<String, Fence> fences,
      String continuation) {
    return new ExportSpec(
        ExportSpec.newRunId(startedAt),
        job.name(),
        verb + job.selection().options(),
        startedAt,
        windows,
        accounts,
        priority,
        quota,
        budget,
        job.toPostgres() ? sinks.postgres() : null,
        job.toParquet() ? sinks.parquet().root().toString() : null,
        settings.api().rowLimit(),
        settings.api().maxRangeDays(),
        fences,
        continuation);
  }
}
