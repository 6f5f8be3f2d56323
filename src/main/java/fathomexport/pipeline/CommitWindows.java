package fathomexport.pipeline;

import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.ledger.Provenance;
import fathomexport.plan.FetchTask;
import fathomexport.report.Site;
import fathomexport.report.Window;
import fathomexport.sink.CommitResult;
import fathomexport.sink.WindowLoad;
import java.util.List;
import org.apache.beam.sdk.transforms.DoFn;

/** Commits each window to every sink, and says how it ended. */
final class CommitWindows extends DoFn<Certified, WindowOutcome> {
  private static final long serialVersionUID = 1L;

  private final ExportSpec spec;

  CommitWindows(ExportSpec spec) {
    this.spec = spec;
  }

  @ProcessElement
  public void commit(@Element Certified certified, OutputReceiver<WindowOutcome> out) {
    RunServices run = RunServices.of(spec);
    Typed typed = certified.typed();
    Window window = typed.fetched().task().window(typed.report());
    WindowOutcome outcome;
    long requests = typed.fetched().requestsOf(typed.report());
    try {
      outcome = commit(run, certified, window, requests);
    } catch (RuntimeException e) {
      outcome = run.failed(window, requests, e);
    } finally {
      RunServices.drop(typed.rows());
    }
    run.ended(outcome);
    out.output(outcome);
  }

  private static WindowOutcome commit(
      RunServices run, Certified certified, Window window, long requests) {
    Typed typed = certified.typed();
    WindowLoad load =
        new WindowLoad(
            window,
            typed.report(),
            typed.rows(),
            certified.periods(),
            provenance(run, typed),
            typed.quarantine());
    Sinks.Committed done = run.sinks().commit(load);
    if (!done.failures().isEmpty()) {
      return run.failed(window, requests, done);
    }
    int changed = 0;
    long stored = 0;
    for (CommitResult result : done.results()) {
      changed = Math.max(changed, result.changed().size());
      stored = Math.max(stored, result.rowsStored());
    }
    List<PeriodCertificate> incomplete =
        certified.periods().stream()
            .filter(p -> p.status() == CertificateStatus.INCOMPLETE)
            .toList();
    boolean committed = incomplete.size() < certified.periods().size();
    return new WindowOutcome(
            window.toString(),
            incomplete.isEmpty() ? null : FailureKind.INCOMPLETE,
            incomplete.isEmpty() ? "" : describe(incomplete),
            committed,
            changed,
            stored,
            typed.refusedRows())
        .with(
            new WindowOutcome.Periods(
                count(certified, CertificateStatus.CERTIFIED),
                count(certified, CertificateStatus.UNCERTIFIED),
                incomplete.size()))
        .about(window, requests);
  }

  private static long count(Certified certified, CertificateStatus status) {
    return certified.periods().stream().filter(p -> p.status() == status).count();
  }

  private static String describe(List<PeriodCertificate> incomplete) {
    PeriodCertificate first = incomplete.get(0);
    return "incomplete: "
        + first.period()
        + (incomplete.size() > 1 ? " and " + (incomplete.size() - 1) + " more" : "")
        + ": "
        + first.reason();
  }

  private static Provenance provenance(RunServices run, Typed typed) {
    Fetched fetched = typed.fetched();
    FetchTask task = fetched.task();
    Site site = task.site();
    return new Provenance(
        run.runId(),
        typed.report().definition(),
        fetched.fetchedAt(),
        site.zone() == null ? null : site.zone().getId(),
        fetched.requests(),
        fetched.controlRequests(),
        fetched.splits());
  }
}
