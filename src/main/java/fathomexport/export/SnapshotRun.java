package fathomexport.export;

import fathomexport.api.FathomClient;
import fathomexport.beam.BeamRun;
import fathomexport.fetch.Accounts;
import fathomexport.ledger.PipelineLocks;
import fathomexport.ledger.RunRecord;
import fathomexport.report.SiteId;
import fathomexport.run.Budget;
import fathomexport.run.ExportFailedException;
import fathomexport.run.ExportJob;
import fathomexport.run.ExportSpec;
import fathomexport.run.FailureKind;
import fathomexport.run.PlannedRun;
import fathomexport.run.Priority;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunRecords;
import fathomexport.run.RunResult;
import fathomexport.run.RunSummary;
import fathomexport.run.WrongClockException;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.sinks.Sinks;
import fathomexport.window.RunContext;
import fathomexport.window.SiteQueue;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Samples the current visitors of a job's sites, from the lock to the record in the ledger. */
record SnapshotRun(ExportServices services, boolean detailed, List<String> beamArguments) {
  private static final String COMMAND = "snapshot";

  /** Executes the run to its end, which is recorded however it ends. */
  RunResult run(ExportJob job) {
    return services.recording().recorded(job, COMMAND, begun -> sampled(job));
  }

  private RunResult sampled(ExportJob job) {
    UnpackDirectories.require();
    JobClients clients = services.clients();
    try (Sinks sinks = services.sinks().open(job)) {
      sinks.all().forEach(sink -> sink.samples().prepare());
      services.recording().recordEarlier(job, sinks);
      try (PipelineLocks.RunLock lock = lock(job, sinks)) {
        Objects.requireNonNull(lock);
        PostgresSettings quota = clients.quota(job);
        try (FathomClient client =
            clients.client(clients.api(), job, Priority.FIRST, quota, Budget.UNLIMITED)) {
          Accounts.Found found = new Accounts(client).subjects(job.withoutReports());
          WrongClockException.refuse(services.environment().time().instant(), client.serverTime());
          RunRecord done = sample(spec(job, quota, found.sites().size()), found, sinks, client);
          return RunResult.of(
              done, found.recordsSkipped(), services.planning().floor(done.requests()));
        }
      }
    }
  }

  /**
   * Takes a separate lock, not the pipeline's: a nightly run and a snapshot may run at the same
   * time.
   */
  private static PipelineLocks.RunLock lock(ExportJob job, Sinks sinks) {
    return sinks
        .ledger()
        .tryLock("snapshot/" + job.name())
        .orElseThrow(
            () ->
                new ExportFailedException(
                    FailureKind.TRY_LATER,
                    "another snapshot of pipeline " + job.name() + " is under way",
                    null));
  }

  private ExportSpec spec(ExportJob job, @Nullable PostgresSettings quota, long sites) {
    return services
        .specs()
        .spec(
            job,
            COMMAND,
            sites,
            services.environment().time().instant(),
            services.clients().api(),
            Priority.FIRST,
            quota,
            Budget.UNLIMITED,
            Map.of());
  }

  /** Returns the run's record, which is also in the ledger. */
  private RunRecord sample(
      ExportSpec spec, Accounts.Found found, Sinks sinks, FathomClient client) {
    RunEnvironment environment = services.environment();
    List<SiteId> sites = found.sites();
    environment
        .listener()
        .planned(
            new PlannedRun(
                spec.runId(),
                spec.pipeline(),
                COMMAND,
                spec.startedAt(),
                sites.size(),
                sites.size(),
                sites.size(),
                spec.api().requestsPerMinute(),
                Map.of(COMMAND, (long) sites.size()),
                sites,
                null));
    found.lost().forEach(environment.listener()::windowEnded);
    sinks.ledger().record(RunRecords.begun(spec));
    try (RunContext context = new RunContext(spec, environment, sinks, client, null, Path.of(""))) {
      long requests =
          new BeamRun(beamArguments, services.settings().api().maxInFlight())
              .sample(
                  context,
                  new SiteQueue(sites),
                  detailed,
                  RunSummary.sum(found.lost().stream().map(RunSummary::of).toList()));
      return services
          .recording()
          .finished(
              sinks.ledger(),
              RunRecords.withRequests(RunRecording.find(sinks.ledger(), spec.runId()), requests));
    }
  }
}
