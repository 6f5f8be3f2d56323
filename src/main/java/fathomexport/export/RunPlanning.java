package fathomexport.export;

import fathomexport.cost.AccountLimits;
import fathomexport.cost.AccountQuotas;
import fathomexport.cost.ExpectedRun;
import fathomexport.cost.RequestCosts;
import fathomexport.cost.TaskCost;
import fathomexport.fetch.control.CertifiedControl;
import fathomexport.fetch.control.ControlBook;
import fathomexport.inspect.PlanOverview;
import fathomexport.ledger.Learned;
import fathomexport.listing.Accounts;
import fathomexport.listing.EventBound;
import fathomexport.plan.Mode;
import fathomexport.plan.Plan;
import fathomexport.plan.Subject;
import fathomexport.plan.WindowPlanner;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.run.Account;
import fathomexport.run.ExportJob;
import fathomexport.run.ExportSettings;
import fathomexport.run.ExportSpec;
import fathomexport.run.PlannedRun;
import fathomexport.sinks.Sinks;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Plans runs from the sites of the API and what is stored, and estimates what plans cost. */
final class RunPlanning {
  private static final Duration MINUTE = Duration.ofMinutes(1);

  private final ExportSettings settings;

  /** Decides which days are over. */
  private final InstantSource today;

  RunPlanning(ExportSettings settings, InstantSource today) {
    this.settings = settings;
    this.today = today;
  }

  /**
   * What a run of a job would do.
   *
   * @param view the ledger that the plan was made from
   * @param planner what made the plan
   * @param events the sites and events of the plan, and those that are left out
   */
  record Planned(LedgerView view, WindowPlanner planner, EventBound events, Plan plan) {

    /** Returns the control totals of an interrupted run, which a run that starts now may use. */
    List<KnownControl> knownControls(Mode mode, Instant now) {
      return mode.force() ? List.of() : view.controls().of(plan, now.minus(CertifiedControl.AGE));
    }
  }

  /** Plans a run for the sites that were found. */
  Planned plan(ExportJob job, Mode mode, Sinks sinks, Accounts.Found found) {
    LedgerView view = view(job, sinks);
    WindowPlanner planner = planner(job, mode, view, found.subjects());
    EventBound events = EventBound.of(job, found.subjects(), view.storedEvents());
    Plan plan = planner.plan(events.subjects());
    return new Planned(
        view, planner, events, sinks.all().size() > 1 ? plan : plan.without(view::isUnstorable));
  }

  /** Returns what a run would do, for people. */
  PlanOverview overview(ExportJob job, Mode mode, Sinks sinks, Accounts.Found found) {
    Planned planned = plan(job, mode, sinks, found);
    return PlanOverview.of(
        job.name(),
        costs(planned.view(), sinks),
        planned.plan(),
        KnownControl.book(planned.knownControls(mode, today.instant())),
        mode instanceof Mode.Nightly
            ? planned.planner().usualNight().plan(planned.events().subjects())
            : null,
        YearMonth.from(today.instant().atOffset(ZoneOffset.UTC)),
        job.reports().stream().collect(Collectors.toMap(Report::name, r -> sinks.weight(r.name()))),
        Stream.concat(found.lost().stream(), planned.events().leftOut().stream()).toList(),
        Stream.of(
                found.notices().stream(),
                sinks.notRenamedYet().stream(),
                mode instanceof Mode.Nightly
                    ? retention(job).announced(sinks).stream()
                    : Stream.<String>empty())
            .flatMap(notes -> notes)
            .toList(),
        MissingCommands.scope(job, found, planned.plan()),
        MissingCommands.names(found));
  }

  /** Estimates the backfill of a single site of which nothing is stored yet. */
  HistoryOffer.Cost cost(ExportJob job, Sinks sinks, Subject subject, DayRange days) {
    LedgerView view = view(job, sinks);
    WindowPlanner planner =
        planner(job, new Mode.Backfill(days, false, true), view, List.of(subject));
    RequestCosts costs = costs(view, sinks);
    long requests =
        costs.of(planner.plan(List.of(subject)), new ControlBook()).stream()
            .mapToLong(TaskCost::likely)
            .sum();
    return new HistoryOffer.Cost(
        requests, costs.quotas().minutes(subject.site().account(), requests));
  }

  private LedgerView view(ExportJob job, Sinks sinks) {
    return new LedgerView(job, sinks, today.instant().minus(CertifiedControl.AGE));
  }

  /** Returns what a planned run is expected to cost. */
  PlannedRun expected(
      ExportSpec spec,
      Planned planned,
      List<KnownControl> known,
      Sinks sinks,
      Accounts.Found found) {
    RequestCosts costs = costs(planned.view(), sinks);
    return ExpectedRun.of(
        spec,
        planned.plan(),
        costs.of(planned.plan(), KnownControl.book(known)),
        costs.quotas(),
        found.subjects().stream().map(Subject::site).toList());
  }

  private RequestCosts costs(LedgerView view, Sinks sinks) {
    Learned learned = sinks.ledger().learned();
    Map<String, AccountLimits> limits =
        settings.accounts().stream()
            .collect(
                Collectors.toMap(
                    Account::name,
                    a ->
                        new AccountLimits(
                            a.api().requestsPerMinute(),
                            learned.limit(a.key(), settings.api().rowLimit()))));
    return new RequestCosts(
        view.expectedRows(), new AccountQuotas(limits), settings.api().maxRangeDays());
  }

  private WindowPlanner planner(ExportJob job, Mode mode, LedgerView view, List<Subject> subjects) {
    Instant now = today.instant();
    LocalDate from =
        mode instanceof Mode.Backfill backfill
            ? backfill.days().first()
            // Fill gaps no further back than one window.
            : LocalDate.ofInstant(now, ZoneOffset.UTC)
                .minusDays(settings.api().maxRangeDays() + job.lookbackDays() + 2L);
    return new WindowPlanner(
            job.pipelineReports(),
            view.holdings(
                subjects.stream().map(s -> s.site().id()).toList(),
                from,
                mode instanceof Mode.Nightly),
            mode,
            now,
            settings.api().maxRangeDays(),
            view.lookback())
        .only(job.reports())
        .keeping(retention(job).firstDays());
  }

  /** Returns what {@code keep:} of the job's reports means today. */
  Retention retention(ExportJob job) {
    return new Retention(job, today.instant(), settings.api().maxRangeDays());
  }

  /**
   * Returns the least time in which the quotas permit these requests.
   *
   * @param requests all billed requests of a run
   * @param byAccount those that this process has sent; the others were sent by workers
   */
  Duration floor(long requests, Map<String, Long> byAccount) {
    if (byAccount.values().stream().mapToLong(n -> n).sum() == requests) {
      return byAccount.entrySet().stream()
          .map(e -> floor(e.getValue(), settings.account(e.getKey()).api().requestsPerMinute()))
          .max(Comparator.naturalOrder())
          .orElse(Duration.ZERO);
    }
    return floor(
        requests, settings.accounts().stream().mapToLong(a -> a.api().requestsPerMinute()).sum());
  }

  private static Duration floor(long requests, long perMinute) {
    return MINUTE.multipliedBy(requests == 0 ? 0 : (requests + perMinute - 1) / perMinute - 1);
  }
}
