package fathomexport.export;

import fathomexport.api.FathomClients;
import fathomexport.beam.BeamRun;
import fathomexport.report.FileTrouble;
import fathomexport.run.ExportFailedException;
import fathomexport.run.ExportJob;
import fathomexport.run.ExportSettings;
import fathomexport.run.FailureKind;
import fathomexport.run.RunEnvironment;
import fathomexport.sink.postgres.db.PostgresSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Looks at everything that a run of a job depends on, and continues after each failure, so that a
 * person can mend it all at once. Changes nothing but the account's share of the quota, and sends
 * at most one billed request per account.
 */
final class Checkup {
  private final ExportJob job;
  private final ExportSettings settings;
  private final RunEnvironment environment;
  private final Findings findings = new Findings();

  Checkup(ExportJob job, ExportSettings settings, RunEnvironment environment) {
    this.job = job;
    this.settings = settings;
    this.environment = environment;
  }

  /**
   * Looks at everything.
   *
   * @param database the database that a run uses; null if it uses none
   * @param clients creates the clients of the API; called at most once
   */
  List<Finding> run(
      @Nullable PostgresSettings database,
      Supplier<FathomClients> clients,
      List<String> beamArguments) {
    new ApiCheckup(job, settings, environment, findings).run(clients);
    if (database != null) {
      new DatabaseCheckup(job, environment, findings).run(database);
    }
    DirectoryCheckup directories = new DirectoryCheckup(findings);
    Path root = settings.parquetRoot();
    if (job.toParquet() && root != null) {
      directories.run("parquet", "parquet.root", root, FileTrouble.OTHER_ROOT);
    }
    directories.run(
        "spill directory",
        "java.io.tmpdir",
        Path.of(System.getProperty("java.io.tmpdir")).toAbsolutePath(),
        FileTrouble.OTHER_TEMPORARY_DIRECTORY);
    beam(beamArguments);
    return findings.all();
  }

  private void beam(List<String> arguments) {
    BeamRun beam = new BeamRun(arguments, its -> settings.account(its).api().maxInFlight());
    try {
      findings.ok("beam", beam.runner() + " " + BeamRun.beamVersion());
    } catch (ExportFailedException e) {
      findings.failed("beam", e.kind(), String.valueOf(e.getMessage()));
    }
    if (BeamRun.isOnCluster(arguments)) {
      cluster(beam);
    }
  }

  /** Looks at what a run on several machines needs besides. */
  private void cluster(BeamRun beam) {
    if (settings.postgres() == null) {
      findings.failed("cluster", FailureKind.CONFIGURATION, BeamRun.NEEDS_A_DATABASE);
    }
    int lanes = settings.accounts().stream().mapToInt(its -> its.api().maxInFlight()).sum();
    try {
      beam.cluster(lanes, environment.variables())
          .ifPresent(
              found -> {
                if (found.doubt().isEmpty()) {
                  findings.ok("cluster", found.words());
                } else {
                  findings.warning("cluster", found.words() + "; " + found.doubt());
                }
              });
    } catch (ExportFailedException e) {
      findings.failed("cluster", e.kind(), String.valueOf(e.getMessage()));
    }
  }
}
