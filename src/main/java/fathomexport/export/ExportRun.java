package fathomexport.export;

import fathomexport.api.FathomClients;
import fathomexport.beam.BeamRun;
import fathomexport.ledger.RunRecord;
import fathomexport.plan.Mode;
import fathomexport.run.AccountAccess;
import fathomexport.run.Budget;
import fathomexport.run.ExportFailedException;
import fathomexport.run.ExportJob;
import fathomexport.run.FailureKind;
import fathomexport.run.Patience;
import fathomexport.run.RunResult;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.sinks.PipelineLock;
import fathomexport.sinks.Sinks;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A run or a backfill, up to its lock: it opens and prepares the sinks, and takes the lock of the
 * pipeline. What happens under the lock is a {@link LockedExport}.
 *
 * @param beamArguments options for Beam
 */
record ExportRun(
    ExportServices services,
    Mode mode,
    Budget budget,
    List<AccountAccess> accounts,
    List<String> beamArguments) {

  static ExportRun of(
      ExportServices services,
      Mode mode,
      Budget budget,
      Patience patience,
      List<String> beamArguments) {
    return new ExportRun(
        services, mode, budget, services.clients().accounts(patience), beamArguments);
  }

  /** Executes the run to its end, which is recorded however it ends. */
  RunResult run(ExportJob job) {
    return services
        .recording()
        .recorded(
            job, mode.command() + job.selection().options(), begun -> exportFitting(job, begun));
  }

  /** Exports the reports that can be stored beside what is stored of them. */
  private RunResult exportFitting(ExportJob whole, AtomicReference<@Nullable RunRecord> begun) {
    UnpackDirectories.require();
    try (Sinks sinks = services.sinks().open(whole)) {
      Map<String, String> refused = sinks.refusals(whole.reports(), whole.renamed());
      ExportJob job = whole.without(refused.keySet());
      if (job.reports().isEmpty()) {
        JobSinks.requireFitting(whole, sinks);
      }
      JobSinks.prepare(job, sinks).notices().forEach(services.environment().listener()::notice);
      services.recording().recordEarlier(job, sinks);
      try (PipelineLock lock = lock(job, sinks)) {
        PostgresSettings quota = services.clients().quota(job);
        beam().require(quota, services.environment().variables());
        try (FathomClients clients =
            services.clients().clients(accounts, job, JobClients.priority(mode), quota, budget)) {
          services.recording().recordKilled(job, sinks, quota);
          return new LockedExport(this, job, refused, sinks, lock, clients, quota).run(begun);
        }
      }
    }
  }

  /** Returns what executes the run's plan. */
  BeamRun beam() {
    return new BeamRun(
        beamArguments, account -> services.settings().account(account).api().maxInFlight());
  }

  private static PipelineLock lock(ExportJob job, Sinks sinks) {
    return sinks
        .tryLock(job.name())
        .orElseThrow(
            () ->
                new ExportFailedException(
                    FailureKind.TRY_LATER,
                    "another run of pipeline " + job.name() + " is under way",
                    null));
  }
}
