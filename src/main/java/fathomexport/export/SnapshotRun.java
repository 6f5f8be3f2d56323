package fathomexport.export;

import fathomexport.api.FathomClient;
import fathomexport.beam.BeamRun;
import fathomexport.fetch.Accounts;
import fathomexport.ledger.RunRecord;
import fathomexport.report.SiteId;
import fathomexport.run.ExportSpec;
import fathomexport.run.FailureKind;
import fathomexport.run.PlannedRun;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunRecords;
import fathomexport.run.RunSummary;
import fathomexport.sinks.Sinks;
import fathomexport.window.RunContext;
import fathomexport.window.SiteQueue;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Samples the current visitors of some sites, from the plan to the record in the ledger. */
final class SnapshotRun {
  static final String COMMAND = "snapshot";

  private final RunEnvironment environment;
  private final Sinks sinks;
  private final FathomClient client;
  private final boolean detailed;
  private final int maxInFlight;

  SnapshotRun(
      RunEnvironment environment,
      Sinks sinks,
      FathomClient client,
      boolean detailed,
      int maxInFlight) {
    this.environment = environment;
    this.sinks = sinks;
    this.client = client;
    this.detailed = detailed;
    this.maxInFlight = maxInFlight;
  }

  /** Creates the spec of a run from its start time and its number of sites. */
  interface Specification {
    ExportSpec of(Instant startedAt, long sites);
  }

  /**
   * Executes the run to its end.
   *
   * @return the run's record, which is also in the ledger
   */
  RunRecord run(Accounts.Found found, Specification specification, List<String> beamArguments) {
    Instant startedAt = environment.time().instant();
    List<SiteId> sites = found.sites();
    ExportSpec spec = specification.of(startedAt, sites.size());
    environment
        .listener()
        .planned(
            new PlannedRun(
                spec.runId(),
                spec.pipeline(),
                COMMAND,
                startedAt,
                sites.size(),
                sites.size(),
                sites.size(),
                spec.api().requestsPerMinute(),
                Map.of(COMMAND, (long) sites.size()),
                sites,
                null));
    found.lost().forEach(environment.listener()::windowEnded);
    sinks.ledger().record(RunRecords.begun(spec));
    RunRecord ended;
    try (RunContext context = new RunContext(spec, environment, sinks, client, null, Path.of(""))) {
      long requests =
          new BeamRun(beamArguments, maxInFlight)
              .sample(
                  context,
                  new SiteQueue(sites),
                  detailed,
                  RunSummary.sum(found.lost().stream().map(RunSummary::of).toList()));
      ended = RunRecords.withRequests(Exporter.find(sinks.ledger(), spec.runId()), requests);
      int exitCode =
          environment.stop().stopped()
              ? FailureKind.STOPPED.exitCode()
              : Objects.requireNonNullElse(ended.exitCode(), FailureKind.FAULT.exitCode());
      RunRecord done = RunRecords.finished(ended, environment.time().instant(), exitCode);
      sinks.ledger().record(done);
      return done;
    }
  }
}
