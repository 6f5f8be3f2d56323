package fathomexport.window;

import fathomexport.fetch.Fetched;
import fathomexport.ledger.Audit;
import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.ledger.Provenance;
import fathomexport.plan.FetchTask;
import fathomexport.report.Site;
import fathomexport.report.Window;
import fathomexport.run.FailureKind;
import fathomexport.run.WindowOutcome;
import fathomexport.sink.CommitResult;
import fathomexport.sink.WindowLoad;
import fathomexport.sinks.Sinks;
import java.time.LocalDate;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Commits certified windows to every sink and records audits. */
final class WindowStore {
  private static final Logger LOG = LoggerFactory.getLogger(WindowStore.class);

  private final RunContext run;

  WindowStore(RunContext run) {
    this.run = run;
  }

  /** Commits a window to every sink and returns its outcome. */
  WindowOutcome commit(TypedWindow typed, List<PeriodCertificate> certificates) {
    Window window = typed.window();
    long requests = typed.fetched().requestsOf(typed.report());
    WindowLoad load =
        new WindowLoad(
            window,
            typed.report(),
            typed.rows(),
            certificates,
            provenance(typed),
            typed.quarantine());
    Sinks.Committed done = run.sinks().commit(load);
    int changed = 0;
    long stored = 0;
    Set<LocalDate> differing = new HashSet<>();
    for (CommitResult result : done.results()) {
      changed = Math.max(changed, result.changed().size());
      stored = Math.max(stored, result.rowsStored());
      differing.addAll(result.changed());
    }
    if (!done.failures().isEmpty()) {
      WindowOutcome failed = run.failures().judge(window, requests, done);
      // The sinks differ now: rows that changed in one sink must prevent confirmation in the
      // others.
      audit(typed, certificates, differing);
      return failed;
    }
    audit(typed, certificates, differing);
    List<PeriodCertificate> incomplete =
        certificates.stream().filter(p -> p.status() == CertificateStatus.INCOMPLETE).toList();
    boolean committed = incomplete.size() < certificates.size();
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
                count(certificates, CertificateStatus.CERTIFIED),
                count(certificates, CertificateStatus.UNCERTIFIED),
                incomplete.size()))
        .escaping(committed ? typed.escapedCells() : 0)
        .about(window, requests);
  }

  /**
   * Records periods whose rows changed although the control would have confirmed them: from now on
   * the site's look-back is always fetched. Records also the week's audit if it found no change.
   */
  private void audit(
      TypedWindow typed, List<PeriodCertificate> certificates, Set<LocalDate> differing) {
    Fetched fetched = typed.fetched();
    for (PeriodCertificate c : certificates) {
      boolean agreed = !differing.contains(c.period());
      if (c.status() == CertificateStatus.CERTIFIED
          && fetched.unmoved().contains(c.period())
          && (!agreed || c.period().equals(fetched.task().audit()))) {
        if (!agreed) {
          LOG.warn(
              "{} {} {}: the rows have changed, but the control totals have not; from now on, the"
                  + " look-back of this site is fetched instead of confirmed",
              typed.report().name(),
              fetched.task().slice(),
              c.period());
        }
        run.sinks()
            .audited(
                new Audit(
                    typed.report().name(),
                    fetched.task().slice(),
                    c.period(),
                    agreed,
                    fetched.fetchedAt(),
                    run.runId()));
      }
    }
  }

  private static long count(List<PeriodCertificate> certificates, CertificateStatus status) {
    return certificates.stream().filter(p -> p.status() == status).count();
  }

  private static String describe(List<PeriodCertificate> incomplete) {
    PeriodCertificate first = incomplete.get(0);
    return "incomplete: "
        + first.period()
        + (incomplete.size() > 1 ? " and " + (incomplete.size() - 1) + " more" : "")
        + ": "
        + first.reason();
  }

  private Provenance provenance(TypedWindow typed) {
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
        fetched.splits(),
        typed.rateUnit(),
        site.accountOrNull());
  }
}
