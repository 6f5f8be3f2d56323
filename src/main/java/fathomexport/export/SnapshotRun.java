package fathomexport.export;

import fathomexport.api.FathomClients;
import fathomexport.beam.BeamRun;
import fathomexport.ledger.PipelineLocks;
import fathomexport.ledger.RunRecord;
import fathomexport.listing.Accounts;
import fathomexport.plan.Subject;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.run.Account;
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
import java.util.ArrayList;
import java.util.LinkedHashMap;
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
    JobClients jobs = services.clients();
    try (Sinks sinks = services.sinks().open(job)) {
      sinks.all().forEach(sink -> sink.samples().prepare());
      services.recording().recordEarlier(job, sinks);
      try (PipelineLocks.RunLock lock = lock(job, sinks)) {
        Objects.requireNonNull(lock);
        PostgresSettings quota = jobs.quota(job);
        try (FathomClients clients =
            jobs.clients(jobs.accounts(), job, Priority.FIRST, quota, Budget.UNLIMITED)) {
          Accounts.Found found =
              new Accounts(clients, services.settings().accounts()).subjects(job.withoutReports());
          WrongClockException.refuse(services.environment().time(), clients.timed());
          RunRecord done =
              sample(spec(job, quota, found.sites().size(), clients), found, sinks, clients);
          return RunResult.of(
              done,
              found.recordsSkipped(),
              services.planning().floor(done.requests(), clients.billedByAccount()));
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

  private ExportSpec spec(
      ExportJob job, @Nullable PostgresSettings quota, long sites, FathomClients clients) {
    return services
        .specs()
        .spec(
            job,
            COMMAND,
            sites,
            services.environment().time().instant(),
            services.clients().accounts().stream()
                .filter(a -> clients.absence(a.name()).isEmpty())
                .toList(),
            Priority.FIRST,
            quota,
            Budget.UNLIMITED,
            Map.of(),
            "");
  }

  /** Returns the run's record, which is also in the ledger. */
  private RunRecord sample(
      ExportSpec spec, Accounts.Found found, Sinks sinks, FathomClients clients) {
    RunEnvironment environment = services.environment();
    List<SiteId> sites = found.sites();
    List<Site> described = found.subjects().stream().map(Subject::site).toList();
    List<SiteQueue> queues = queues(described, spec);
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
                queues.stream().mapToInt(q -> account(q).api().requestsPerMinute()).sum(),
                Map.of(COMMAND, (long) sites.size()),
                List.of(),
                sites,
                PlannedRun.accountsOf(described),
                null));
    found.notices().forEach(environment.listener()::notice);
    found.lost().forEach(environment.listener()::windowEnded);
    sinks.ledger().record(RunRecords.begun(spec));
    try (RunContext context = RunContext.ofSnapshot(spec, environment, sinks, clients)) {
      long requests =
          new BeamRun(
                  beamArguments,
                  account -> services.settings().account(account).api().maxInFlight())
              .sample(
                  context,
                  queues,
                  detailed,
                  RunSummary.sum(found.lost().stream().map(RunSummary::of).toList()));
      return services
          .recording()
          .finished(
              sinks.ledger(),
              RunRecords.withRequests(RunRecording.find(sinks.ledger(), spec.runId()), requests),
              spec);
    }
  }

  /** Returns one queue per account that has sites, and one if there are none. */
  private static List<SiteQueue> queues(List<Site> sites, ExportSpec spec) {
    Map<String, List<SiteId>> byAccount = new LinkedHashMap<>();
    sites.forEach(s -> byAccount.computeIfAbsent(s.account(), a -> new ArrayList<>()).add(s.id()));
    if (byAccount.isEmpty()) {
      byAccount.put(spec.accounts().get(0).name(), List.of());
    }
    return byAccount.entrySet().stream().map(e -> new SiteQueue(e.getKey(), e.getValue())).toList();
  }

  private Account account(SiteQueue queue) {
    return services.settings().account(queue.account());
  }
}
