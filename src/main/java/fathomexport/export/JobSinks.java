package fathomexport.export;

import fathomexport.config.Settings;
import fathomexport.report.Site;
import fathomexport.run.ExportFailedException;
import fathomexport.run.ExportJob;
import fathomexport.run.ExportSettings;
import fathomexport.run.FailureKind;
import fathomexport.run.RunEnvironment;
import fathomexport.sink.Migrated;
import fathomexport.sink.Refusals;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.sinks.Sinks;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Opens the sinks of jobs, and prepares them for a job's reports. */
final class JobSinks {
  private final ExportSettings settings;
  private final RunEnvironment environment;

  JobSinks(ExportSettings settings, RunEnvironment environment) {
    this.settings = settings;
    this.environment = environment;
  }

  /** Opens the sinks that a job writes to. */
  Sinks open(ExportJob job) {
    return Sinks.open(
        job.toPostgres() ? postgres() : null,
        job.toParquet() ? parquet() : null,
        environment.variables());
  }

  /**
   * Returns the configured database.
   *
   * @throws ExportFailedException if there is none
   */
  PostgresSettings postgres() {
    Settings.Postgres database = settings.postgres();
    if (database == null) {
      throw new ExportFailedException(
          FailureKind.CONFIGURATION, "no postgres: section in the configuration", null);
    }
    return new PostgresSettings(database.url(), database.user(), database.password());
  }

  /**
   * Returns the configured directory of Parquet files.
   *
   * @throws ExportFailedException if there is none
   */
  ParquetSettings parquet() {
    Path root = settings.parquetRoot();
    if (root == null) {
      throw new ExportFailedException(
          FailureKind.CONFIGURATION, "no parquet: section in the configuration", null);
    }
    return new ParquetSettings(root);
  }

  /** Refuses a job of which any report cannot be stored beside what is stored of it. */
  static void requireFitting(ExportJob job, Sinks sinks) {
    Map<String, String> refusals = sinks.refusals(job.reports(), job.renamed());
    if (!refusals.isEmpty()) {
      throw new ExportFailedException(
          FailureKind.CONFIGURATION, Refusals.onOneLine(refusals.values()), null);
    }
  }

  /** Creates and changes what the job's reports need in the sinks. */
  static Migrated prepare(ExportJob job, Sinks sinks) {
    sinks.all().forEach(sink -> sink.rename(job.renamed()));
    return sinks.all().stream()
        .map(sink -> sink.migrate(job.reports()))
        .reduce(Migrated.WHOLLY, Migrated::plus);
  }

  /**
   * Stores the listed sites in every sink that a run has prepared. A failure is only a warning.
   *
   * @param database null if there is none, or if it is not reachable
   */
  void recordListed(@Nullable PostgresSettings database, List<Site> sites) {
    ParquetSettings files = settings.parquetRoot() == null ? null : parquet();
    if (database == null && files == null) {
      return;
    }
    try (Sinks sinks = Sinks.open(database, files, environment.variables())) {
      Instant now = environment.time().instant();
      sinks.all().forEach(sink -> SightingRecord.listed(sink, now, sites));
    }
  }
}
