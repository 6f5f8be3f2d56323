package fathomexport.window;

import fathomexport.api.FathomClient;
import fathomexport.api.Outcome;
import fathomexport.api.answer.CurrentVisitors;
import fathomexport.report.SiteId;
import fathomexport.report.VisitorSample;
import fathomexport.run.FailureKind;
import fathomexport.run.FetchFailedException;
import fathomexport.run.RunSummary;
import fathomexport.run.WindowOutcome;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Takes a snapshot: queries the current visitors of each site and stores them in every sink before
 * it queries the next site. The API returns current visitors completely, with nothing to certify
 * them against.
 */
public final class SiteSamples {
  private final RunContext run;
  private final boolean detailed;

  /**
   * @param detailed whether to query pages and referrers as well
   */
  public SiteSamples(RunContext run, boolean detailed) {
    this.run = run;
    this.detailed = detailed;
  }

  /** Samples all sites of the queue and returns their summary. */
  public RunSummary sample(SiteQueue queue) {
    RunSummary summary = RunSummary.EMPTY;
    List<SiteId> held = new ArrayList<>();
    FathomClient client = run.client(queue.account());
    for (SiteId site : queue.sites()) {
      Optional<WindowOutcome> outcome = sample(site, queue.account(), client.postponing());
      outcome.ifPresentOrElse(run::ended, () -> held.add(site));
      summary = outcome.map(RunSummary::of).map(summary::plus).orElse(summary);
    }
    for (SiteId site : held) {
      WindowOutcome outcome = sample(site, queue.account(), client).orElseThrow();
      run.ended(outcome);
      summary = summary.plus(RunSummary.of(outcome));
    }
    return summary;
  }

  /**
   * Samples a site.
   *
   * @return empty if the API asks to wait for this site, and the client leaves the wait to the
   *     caller
   */
  private Optional<WindowOutcome> sample(SiteId site, String account, FathomClient client) {
    WindowOutcome failure = run.failures().halted(account).orElse(null);
    if (failure == null) {
      try {
        Outcome<CurrentVisitors> outcome = client.currentVisitors(site, detailed);
        Instant answered = run.environment().time().instant();
        if (outcome instanceof Outcome.Success<CurrentVisitors> success) {
          VisitorSample sample = sample(site, answered, success.answer());
          run.environment().listener().rowsFetched(sample.rows());
          return Optional.of(store(sample, account));
        }
        if (client != run.client(account)
            && outcome instanceof Outcome.Unavailable<CurrentVisitors> away
            && away.cause() == Outcome.Unavailable.Cause.HELD) {
          return Optional.empty();
        }
        failure =
            run.failures()
                .judge(
                    site,
                    account,
                    new FetchFailedException((Outcome.Failure<CurrentVisitors>) outcome));
      } catch (RuntimeException e) {
        failure = run.failures().judge(site, account, e);
      }
    }
    return Optional.of(
        WindowOutcome.failed(
                SiteQueue.name(site),
                failure.failure() == null ? FailureKind.FAULT : failure.failure(),
                failure.message())
            .about(site));
  }

  /** Stores a sample in every sink, even if one fails, since the sample cannot be queried again. */
  private WindowOutcome store(VisitorSample sample, String account) {
    WindowOutcome failure = null;
    for (Sink sink : run.sinks().all()) {
      try {
        sink.samples().append(sample);
      } catch (RuntimeException e) {
        WindowOutcome failed = run.failures().judge(sample.site(), account, e);
        if (e instanceof SinkException) {
          // The next sample goes to the same tables, and a sample that cannot be stored is lost:
          // further requests would only be billed.
          run.failures().halt(failed);
        }
        failure = failure == null ? failed : failure;
      }
    }
    return failure == null
        ? new WindowOutcome(SiteQueue.name(sample.site()), null, "", true, 1, sample.rows(), 0)
            .about(sample.site())
        : failure;
  }

  private static VisitorSample sample(SiteId site, Instant answered, CurrentVisitors now) {
    return new VisitorSample(
        site,
        answered,
        now.total(),
        now.pages().stream()
            .map(p -> new VisitorSample.VisitedPage(p.hostname(), p.pathname(), p.total()))
            .toList(),
        now.referrers().stream()
            .map(
                r ->
                    new VisitorSample.Referrer(
                        r.referrerHostname(), r.referrerPathname(), r.total()))
            .toList());
  }
}
