package fathomexport.window;

import fathomexport.api.pacing.StopSignal;
import fathomexport.api.pacing.TimeSource;
import fathomexport.cluster.RunBoard;
import fathomexport.cluster.WorkerReports;
import fathomexport.fetch.control.CertifiedControl;
import fathomexport.report.SecretRef;
import fathomexport.report.SecretUnavailableException;
import fathomexport.run.Account;
import fathomexport.run.AccountAccess;
import fathomexport.run.ExportSpec;
import fathomexport.run.FailurePolicy;
import fathomexport.run.RunEnvironment;
import fathomexport.run.WindowOutcome;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Exports one lane on a worker of a cluster. All that the lane needs is opened for it and closed at
 * its end, and what becomes of it is reported through the run's board.
 */
public final class WorkerLane {
  private static final Logger LOG = LoggerFactory.getLogger(WorkerLane.class);
  private static final String CANCELLED = "the cluster has cancelled this lane";

  private final ExportSpec spec;
  private final Set<String> controlsOf;
  private final Lane lane;
  private final Map<String, String> variables;
  private final String worker;

  private WorkerLane(
      ExportSpec spec,
      Set<String> controlsOf,
      Lane lane,
      Map<String, String> variables,
      String worker) {
    this.spec = spec;
    this.controlsOf = controlsOf;
    this.lane = lane;
    this.variables = variables;
    this.worker = worker;
  }

  /**
   * Exports a lane to its end.
   *
   * @param controlsOf the interrupted runs whose control totals the run uses
   * @return why the lane could not be exported, if this worker cannot report it; otherwise empty
   */
  public static Optional<WindowOutcome> export(ExportSpec spec, Set<String> controlsOf, Lane lane) {
    return export(spec, controlsOf, lane, System.getenv(), worker());
  }

  static Optional<WindowOutcome> export(
      ExportSpec spec,
      Set<String> controlsOf,
      Lane lane,
      Map<String, String> variables,
      String worker) {
    WorkerLane own = new WorkerLane(spec.of(lane.account()), controlsOf, lane, variables, worker);
    try (RunBoard board =
        new RunBoard(Objects.requireNonNull(spec.quota()), variables, spec.runId())) {
      own.export(board);
      return Optional.empty();
    } catch (RuntimeException | Error e) {
      if (Thread.currentThread().isInterrupted()) {
        LOG.info("{}: lane {} of run {}", CANCELLED, lane.number(), spec.runId());
        throw e;
      }
      LOG.error("lane {} of run {} is not exported here", lane.number(), spec.runId(), e);
      return Optional.of(own.outcome(e, "postgres.password").on(worker));
    }
  }

  private void export(RunBoard board) {
    StopSignal stop = new StopSignal();
    try (WorkerReports reports = WorkerReports.begin(board, lane.number(), worker, stop)) {
      if (reports == null) {
        LOG.info("run {} is over", spec.runId());
        return;
      }
      LOG.info("lane {} of run {} begins", lane.number(), spec.runId());
      export(board, reports, stop);
      requireNotCancelled(reports);
      reports.ended();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(CANCELLED, e);
    }
  }

  private void export(RunBoard board, WorkerReports reports, StopSignal stop) {
    RunEnvironment environment = new RunEnvironment(variables, TimeSource.system(), stop, reports);
    try (RunContext context =
        RunContext.onWorker(
            spec, environment, board::tally, reports.answers(CertifiedControl.AGE))) {
      context.useControlsOf(controlsOf);
      reports.obey(context.failures()::halt);
      new LaneExport(context).export(lane);
    } catch (RuntimeException | Error e) {
      // An error is reported, too: the cluster would begin the lane again in vain, and end its job.
      requireNotCancelled(reports);
      LOG.error("lane {} of run {} failed", lane.number(), spec.runId(), e);
      reports.laneFailed(
          outcome(
              e,
              spec.accounts().stream()
                  .map(AccountAccess::tokenSetting)
                  .collect(Collectors.joining(", "))));
    }
  }

  /**
   * Returns the outcome of this lane.
   *
   * @param secret the key of the settings that names the secret which this worker may lack
   */
  private WindowOutcome outcome(Throwable failure, String secret) {
    String name = "lane " + (lane.number() + 1);
    FailurePolicy.Verdict verdict = FailurePolicy.of(failure, false);
    return failure instanceof SecretUnavailableException
        ? WindowOutcome.failed(
            name,
            verdict.kind(),
            Account.inWords(
                lane.account(),
                secret
                    + ": "
                    + verdict.message().replace(SecretRef.ADVICE, "")
                    + ": give it to the worker and start that again"))
        : verdict.outcome(name);
  }

  /**
   * Fails if the cluster has interrupted this lane: it begins the lane again, and what this attempt
   * has not committed is not this run's loss.
   */
  private static void requireNotCancelled(WorkerReports reports) {
    if (reports.cancelled()) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(CANCELLED);
    }
  }

  /** Returns the name of this worker: there may be several on a machine. */
  private static String worker() {
    String process = ", process " + ProcessHandle.current().pid();
    try {
      return InetAddress.getLocalHost().getHostName() + process;
    } catch (UnknownHostException e) {
      return "of an unknown name" + process;
    }
  }
}
