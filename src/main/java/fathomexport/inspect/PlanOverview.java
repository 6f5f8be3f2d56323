package fathomexport.inspect;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import fathomexport.api.pacing.RetryBudget;
import fathomexport.cost.RequestCosts;
import fathomexport.cost.RequestKinds;
import fathomexport.cost.TaskCost;
import fathomexport.fetch.control.ControlBook;
import fathomexport.ledger.Weight;
import fathomexport.plan.FetchTask;
import fathomexport.plan.Plan;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.run.BackfillCommands;
import fathomexport.run.FailureKind;
import fathomexport.run.Renewal;
import fathomexport.run.SiteNames;
import fathomexport.run.StaleRange;
import fathomexport.run.WindowOutcome;
import java.time.LocalDate;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The estimated cost of a run, before it starts.
 *
 * @param lines one per query and site, in the order of the plan
 * @param windows as a run announces them and counts them at its end
 * @param leastRequests if no row is fetched, because the control queries report nothing or confirm
 *     what is stored: no run that completes the plan sends fewer
 * @param likelyRequests with as many rows per period as the ledger has seen
 * @param mostRequests if, in addition, every range is rejected once and halved, every page and its
 *     control are queried again, periods that come out empty are confirmed, each query has its
 *     second turn, and all retries of each site and report are used: the sum of the lines
 * @param minutes duration of the likely requests at the quota
 * @param billedPageviews likely pageviews billed: for a month of nights like this one, or once for
 *     a backfill
 * @param billedEvery {@code month} or {@code once}
 * @param rows expected rows, without queries for which the ledger has no rows; null if it has none
 *     for any query
 * @param bytes expected size of these rows in all sinks together; null if it is unknown
 * @param unknown number of queries for which the ledger has no rows, which is that of the lines
 *     whose rows are null
 * @param unknownWindows number of windows that these queries fill
 * @param byReport purposes of the likely requests, one item per group of reports that share a query
 * @param kinds purposes of the likely requests of all reports together
 * @param skippedPeriods periods that would be due, but lie before their site was added, or before
 *     March 2021
 * @param splits periods that reach the row limit on their own and so are fetched in partitions
 * @param assumptions the assumptions behind the numbers
 * @param notes sites that could not be read, and stale ranges
 * @param siteNames the names of the sites by their ids
 * @param accounts what each account has to do, in the order of the plan; empty where the settings
 *     configure none
 * @param withoutAccounts accounts that could not be asked, so that no number contains their sites
 * @param failure how a run would end because of these; null if there are none
 */
public record PlanOverview(
    List<PlanLine> lines,
    long windows,
    long leastRequests,
    long likelyRequests,
    long mostRequests,
    long minutes,
    long billedPageviews,
    String billedEvery,
    @Nullable Long rows,
    @Nullable Long bytes,
    long unknown,
    long unknownWindows,
    List<Share> byReport,
    RequestKinds kinds,
    long skippedPeriods,
    List<FullPeriod> splits,
    List<String> assumptions,
    List<String> notes,
    Map<String, String> siteNames,
    @JsonInclude(JsonInclude.Include.NON_EMPTY) List<AccountCost> accounts,
    @JsonInclude(JsonInclude.Include.NON_EMPTY) List<String> withoutAccounts,
    @JsonIgnore @Nullable FailureKind failure) {

  /**
   * Returns the site's id with its name, if it has one that differs, behind its account, if there
   * are several.
   */
  public String named(String site) {
    return SiteNames.named(
        site,
        siteNames,
        accounts.stream()
            .filter(a -> a.sites().contains(site))
            .findFirst()
            .map(a -> Map.of(site, a.account()))
            .orElse(Map.of()));
  }

  /**
   * What a run costs an account.
   *
   * @param sites the ids of its sites
   * @param minutes duration of the likely requests at its quota
   * @param billedPageviews likely pageviews billed to it, as often as those of all accounts
   */
  public record AccountCost(
      String account,
      List<String> sites,
      long leastRequests,
      long likelyRequests,
      long minutes,
      long billedPageviews) {}

  /**
   * One query for one site.
   *
   * @param reports the reports that the query fills
   * @param event null for pageviews
   * @param likelyRequests includes control queries, counted for the first query that needs them
   * @param mostRequests includes all retries of the site and report; the events of a site share
   *     them, and they count for the first event
   * @param rows expected rows; null if the ledger has none for the query
   * @param bytes expected size in all sinks together; null if the ledger has no rows
   * @param account the site's account; null where the settings configure none
   */
  public record PlanLine(
      List<String> reports,
      String site,
      @Nullable String event,
      LocalDate first,
      LocalDate last,
      int windows,
      long leastRequests,
      long likelyRequests,
      long mostRequests,
      @Nullable Long rows,
      @Nullable Long bytes,
      @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String account) {
    private PlanLine plus(PlanLine b) {
      return new PlanLine(
          reports,
          site,
          event,
          first.isBefore(b.first) ? first : b.first,
          last.isAfter(b.last) ? last : b.last,
          windows + b.windows,
          leastRequests + b.leastRequests,
          likelyRequests + b.likelyRequests,
          mostRequests + b.mostRequests,
          sum(rows, b.rows),
          sum(bytes, b.bytes),
          account);
    }

    private PlanLine withRetries(long retries) {
      return new PlanLine(
          reports,
          site,
          event,
          first,
          last,
          windows,
          leastRequests,
          likelyRequests,
          mostRequests + retries,
          rows,
          bytes,
          account);
    }
  }

  /** The purposes of the likely requests of one query, over all sites. */
  public record Share(List<String> reports, RequestKinds kinds) {}

  /** A period that reaches the row limit on its own. */
  public record FullPeriod(
      List<String> reports, String site, @Nullable String event, LocalDate period, long rows) {}

  private static @Nullable Long sum(@Nullable Long a, @Nullable Long b) {
    return a == null ? b : b == null ? a : Long.valueOf(a + b);
  }

  /**
   * Creates the overview of a plan.
   *
   * @param pipeline the name of the pipeline, for suggested commands
   * @param known control totals that a run of the plan would not query
   * @param everyNight the plan of a usual night; null for a backfill
   * @param weights rows and bytes stored, by report, from which the size of a row is derived
   * @param lost what could not be asked, and is not in the plan
   * @param notices what else a person should know
   * @param scope what a backfill of the pipeline would cover
   * @param names the names of the sites by their ids
   */
  public static PlanOverview of(
      String pipeline,
      RequestCosts costs,
      Plan plan,
      ControlBook known,
      @Nullable Plan everyNight,
      YearMonth month,
      Map<String, Weight> weights,
      List<WindowOutcome> lost,
      List<String> notices,
      BackfillCommands.Scope scope,
      Map<String, String> names) {
    Map<String, PlanLine> lines = new LinkedHashMap<>();
    Map<List<String>, RequestKinds> kinds = new LinkedHashMap<>();
    List<FullPeriod> splits = new ArrayList<>();
    List<TaskCost> each = costs.of(plan, known);
    for (TaskCost cost : each) {
      FetchTask task = cost.task();
      List<String> reports = task.reports().stream().map(Report::name).toList();
      PlanLine line =
          new PlanLine(
              reports,
              task.site().id().value(),
              task.slice().event(),
              task.days().first(),
              task.days().last(),
              task.reports().size(),
              cost.least(),
              cost.likely(),
              cost.most(),
              cost.rows().isPresent() ? Math.round(cost.rows().getAsDouble()) : null,
              bytes(cost, weights),
              task.site().accountOrNull());
      kinds.merge(reports, cost.kinds(), RequestKinds::plus);
      lines.merge(line.reports() + "\n" + task.slice(), line, PlanLine::plus);
      cost.split()
          .forEach(
              f ->
                  splits.add(
                      new FullPeriod(reports, line.site(), line.event(), f.period(), f.rows())));
    }
    lines.replaceAll(retries());
    long likely = lines.values().stream().mapToLong(PlanLine::likelyRequests).sum();
    Map<String, Long> billed = billed(costs, each, everyNight, month);
    return new PlanOverview(
        List.copyOf(lines.values()),
        plan.windows(),
        lines.values().stream().mapToLong(PlanLine::leastRequests).sum(),
        likely,
        lines.values().stream().mapToLong(PlanLine::mostRequests).sum(),
        costs.quotas().minutes(TaskCost.byAccount(each)),
        billed.values().stream().mapToLong(Long::longValue).sum(),
        everyNight == null ? "once" : "month",
        lines.values().stream().map(PlanLine::rows).reduce(null, PlanOverview::sum),
        lines.values().stream().map(PlanLine::bytes).reduce(null, PlanOverview::sum),
        lines.values().stream().map(PlanLine::rows).filter(Objects::isNull).count(),
        lines.values().stream().filter(l -> l.rows() == null).mapToLong(PlanLine::windows).sum(),
        kinds.entrySet().stream().map(e -> new Share(e.getKey(), e.getValue())).toList(),
        kinds.values().stream().reduce(RequestKinds.NONE, RequestKinds::plus),
        plan.skipped(),
        splits,
        List.of(
            "windows: one per report, site or event, and range of days; those of many requests are"
                + " stored in chunks, each with a line of the log",
            "least: the controls report nothing, or what is stored already, so that no rows are"
                + " fetched",
            "likely: each period has as many rows as are stored of it; if none are, as the site's other"
                + " periods of the report; if it has none, as those of other sites",
            "most: the numbers of all stored days have changed, the API refuses each range once, so that"
                + " it is asked in halves, each page and its control are queried again, empty periods are confirmed, each task has a"
                + " second turn and all retries of its site and report are used; a row cap below the limit, or a day that reaches it"
                + " for the first time, may take more",
            "not billed: one request per 100 sites, and per site one for its events and one for its"
                + " milestones; they have a separate quota, 2,000 an hour"),
        notes(
            pipeline,
            plan,
            Stream.concat(lost.stream().map(l -> l.window() + ": " + l.message()), notices.stream())
                .toList(),
            scope,
            names),
        Map.copyOf(names),
        accounts(costs, lines.values(), billed),
        lost.stream().flatMap(l -> Stream.ofNullable(l.account())).toList(),
        lost.stream()
            .filter(l -> l.account() != null)
            .flatMap(l -> Stream.ofNullable(l.failure()))
            .min(Comparator.naturalOrder())
            .orElse(null));
  }

  /** Returns the pageviews billed to each account. */
  private static Map<String, Long> billed(
      RequestCosts costs, List<TaskCost> each, @Nullable Plan everyNight, YearMonth month) {
    if (everyNight == null) {
      return TaskCost.byAccount(each);
    }
    Map<String, Long> billed = TaskCost.byAccount(costs.of(everyNight, new ControlBook()));
    billed.replaceAll((account, ofANight) -> month.lengthOfMonth() * ofANight);
    return billed;
  }

  private static List<AccountCost> accounts(
      RequestCosts costs, Collection<PlanLine> lines, Map<String, Long> billed) {
    Map<String, List<PlanLine>> byAccount = new LinkedHashMap<>();
    for (PlanLine line : lines) {
      String account = line.account();
      if (account != null) {
        byAccount.computeIfAbsent(account, a -> new ArrayList<>()).add(line);
      }
    }
    List<AccountCost> all = new ArrayList<>();
    byAccount.forEach(
        (account, its) -> {
          long likely = its.stream().mapToLong(PlanLine::likelyRequests).sum();
          all.add(
              new AccountCost(
                  account,
                  its.stream().map(PlanLine::site).distinct().toList(),
                  its.stream().mapToLong(PlanLine::leastRequests).sum(),
                  likely,
                  costs.quotas().minutes(account, likely),
                  billed.getOrDefault(account, 0L)));
        });
    return all;
  }

  /**
   * Returns a function that adds to each line, in order, the retries that the line contributes to
   * those of its site and reports.
   */
  private static BiFunction<String, PlanLine, PlanLine> retries() {
    RetryBudget budget = RetryBudget.ofASiteAndReport();
    Map<String, Long> answers = new HashMap<>();
    return (key, line) -> {
      String asker = line.reports() + "\n" + line.site();
      Long before = answers.get(asker);
      long after = line.mostRequests() + (before == null ? 0 : before);
      answers.put(asker, after);
      return line.withRetries(
          budget.granted(after) - (before == null ? 0 : budget.granted(before)));
    };
  }

  private static @Nullable Long bytes(TaskCost cost, Map<String, Weight> weights) {
    if (cost.rows().isEmpty()) {
      return null;
    }
    double aRow = 0;
    for (Report report : cost.task().reports()) {
      Weight weight = weights.getOrDefault(report.name(), new Weight(0, 0));
      if (weight.rows() == 0) {
        return null;
      }
      aRow += (double) weight.bytes() / weight.rows();
    }
    return Math.round(cost.rows().getAsDouble() / cost.task().reports().size() * aRow);
  }

  private static List<String> notes(
      String pipeline,
      Plan plan,
      List<String> lost,
      BackfillCommands.Scope scope,
      Map<String, String> names) {
    List<String> notes = new ArrayList<>(lost);
    plan.skippedInWords().ifPresent(notes::add);
    plan.outlivedInWords().ifPresent(notes::add);
    plan.fetched().stream()
        .map(SiteId::value)
        .sorted()
        .forEach(
            site ->
                notes.add(
                    "the look-back of "
                        + SiteNames.named(site, names)
                        + " is fetched, not confirmed: an audit found rows that had changed"
                        + " although their totals had not"));
    Renewal.of(
            plan.stale().stream()
                .map(
                    s ->
                        new StaleRange(
                            s.report(),
                            s.site().value(),
                            s.first(),
                            s.last(),
                            s.periods(),
                            s.why()))
                .toList(),
            scope,
            names)
        .forEach(
            r ->
                notes.add(
                    r.what()
                        + " is stale: "
                        + r.why()
                        + "; renew with: "
                        + r.command().words(pipeline)));
    return List.copyOf(notes);
  }
}
