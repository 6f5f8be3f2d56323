package fathomexport.cli.command;

import fathomexport.cli.output.Printer;
import fathomexport.config.PipelineDefinition;
import fathomexport.config.Settings;
import fathomexport.cost.AccountQuotas;
import fathomexport.cost.RequestKinds;
import fathomexport.export.Exporter;
import fathomexport.inspect.PlanOverview;
import fathomexport.run.ExportJob;
import fathomexport.run.RunListener;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.LongFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code plan}: shows what a run would cost, without a billed request. */
@Command(
    name = "plan",
    description = {
      "Show what a run or a backfill would cost: requests, minutes, billed pageviews, rows, bytes.",
      "",
      "Asks the API only for sites and their events, which is not billed. Stores nothing but the",
      "count of these requests, so that a run at the same time stays within the quota."
    },
    footer = {
      "",
      "Examples:",
      "  fathom-export plan nightly",
      "  fathom-export plan nightly --all                   every window",
      "  fathom-export plan nightly --from 2026-01-01 --to 2026-03-31",
      "  fathom-export plan nightly --as-of 2026-12-01"
    })
public final class PlanCommand implements Callable<Integer> {
  /** The most rows of windows that are listed: more would not fit on a screen. */
  private static final int LISTED = 20;

  private static final int HINTS = 3;
  private static final String UNKNOWN = "unknown";

  private final Context context;

  @Parameters(paramLabel = "PIPELINE", description = CommandOptions.PIPELINE)
  String pipeline = "";

  @ArgGroup(exclusive = false)
  CommandOptions.@Nullable Range range;

  @Option(names = "--force", description = "Plan as if the range were exported again.")
  boolean force;

  @Option(names = "--all", description = "All windows by report and site, however many there are.")
  boolean all;

  @Mixin Selected selected = new Selected();

  @Mixin Rehearsal rehearsal = new Rehearsal();

  @Spec @Nullable CommandSpec spec;

  public PlanCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    Settings settings = context.settings();
    PipelineDefinition definition = context.pipeline(pipeline, settings);
    Exporter exporter =
        context.exporter(settings, RunListener.NONE).impatient().asOf(rehearsal.now(context));
    ExportJob job = Context.job(definition).only(selected.selection());
    PlanOverview plan =
        range == null
            ? exporter.planRun(job)
            : exporter.planBackfill(
                job, range.days(Objects.requireNonNull(spec), rehearsal.today(context)), force);
    print(
        context.printer(),
        plan,
        settings.accounts().isEmpty()
            ? "the quota of " + settings.api().requestsPerMinute() + " a minute"
            : "the quotas of the accounts, side by side");
    return plan.failure() == null ? 0 : plan.failure().exitCode();
  }

  private void print(Printer printer, PlanOverview plan, String quota) {
    if (printer.json()) {
      printer.json(plan);
      return;
    }
    boolean listed = all || plan.lines().size() <= LISTED;
    if (plan.lines().isEmpty()) {
      printer.line(
          plan.notes().isEmpty()
              ? "Nothing to do: every finished period is exported."
              : "Nothing to fetch. Problems are listed at the end.");
    } else {
      if (listed) {
        table(printer, plan);
      } else {
        totals(printer, plan);
      }
      printer.line("");
      printer.line(
          "Requests  at least "
              + Printer.number(plan.leastRequests())
              + ", likely "
              + Printer.number(plan.likelyRequests())
              + ", at most "
              + Printer.number(plan.mostRequests())
              + "; "
              + AccountQuotas.inWords(plan.minutes())
              + " at "
              + quota
              + without(plan));
      for (PlanOverview.AccountCost account : plan.accounts()) {
        printer.line(
            "Account   "
                + account.account()
                + ": likely "
                + Printer.number(account.likelyRequests())
                + (account.likelyRequests() == 1 ? " request, " : " requests, ")
                + AccountQuotas.inWords(account.minutes())
                + "; "
                + account.sites().size()
                + (account.sites().size() == 1 ? " site" : " sites")
                + "; billed "
                + pageviews(plan, account.billedPageviews()));
      }
      printer.line(
          "Rows      "
              + (plan.rows() == null
                  ? UNKNOWN + ": nothing of this is stored yet"
                  : Printer.number(plan.rows())
                      + (plan.bytes() == null ? "" : ", " + Printer.bytes(plan.bytes()))
                      + (plan.unknown() == 0
                          ? ""
                          : ", without "
                              + Printer.number(plan.unknownWindows())
                              + (plan.unknownWindows() == 1 ? " window" : " windows")
                              + " of which nothing is stored yet")));
    }
    printer.line("Billed    " + pageviews(plan, plan.billedPageviews()) + without(plan));
    hints(
        printer,
        listed,
        "/ ",
        plan.splits().stream()
            .map(
                s ->
                    String.join("+", s.reports())
                        + " "
                        + slice(plan, s.site(), s.event())
                        + " "
                        + s.period()
                        + ": "
                        + Printer.number(s.rows())
                        + " rows reach the limit, so it is fetched in partitions")
            .toList());
    kinds(printer, plan);
    plan.assumptions().forEach(a -> printer.line("  " + a));
    hints(printer, listed, "! ", plan.notes());
  }

  private static String pageviews(PlanOverview plan, long number) {
    return Printer.number(number)
        + (number == 1 ? " pageview " : " pageviews ")
        + (plan.billedEvery().equals("month") ? "a month, run every night" : "once");
  }

  /** Names the accounts that could not be asked, whose requests no number contains. */
  private static String without(PlanOverview plan) {
    return plan.withoutAccounts().isEmpty()
        ? ""
        : ", without "
            + (plan.withoutAccounts().size() == 1 ? "account " : "accounts ")
            + String.join(", ", plan.withoutAccounts());
  }

  /** Prints hints of one kind: all of them, or the first few and how many are left. */
  private static void hints(Printer printer, boolean all, String mark, List<String> hints) {
    int shown = all || hints.size() <= HINTS ? hints.size() : HINTS;
    hints.subList(0, shown).forEach(hint -> printer.line(mark + hint));
    if (shown < hints.size()) {
      printer.line(mark + "and " + (hints.size() - shown) + " more like this: see --all");
    }
  }

  /** Prints one row per query over all sites, and the sites with the most requests. */
  private static void totals(Printer printer, PlanOverview plan) {
    Map<String, List<PlanOverview.PlanLine>> byReport = new LinkedHashMap<>();
    Map<String, List<PlanOverview.PlanLine>> bySite = new LinkedHashMap<>();
    for (PlanOverview.PlanLine line : plan.lines()) {
      byReport.computeIfAbsent(String.join("+", line.reports()), r -> new ArrayList<>()).add(line);
      bySite.computeIfAbsent(line.site(), s -> new ArrayList<>()).add(line);
    }
    List<List<String>> rows = new ArrayList<>();
    byReport.forEach((report, lines) -> rows.add(totals(report, lines)));
    if (rows.size() > 1) {
      rows.add(totals("all", plan.lines()));
    }
    printer.table(
        List.of("report", "sites", "days", "windows", "least", "likely", "most", "rows", "size"),
        rows);
    printer.line(
        "most requests: "
            + bySite.entrySet().stream()
                .sorted(Comparator.comparing(e -> -likely(e.getValue())))
                .limit(HINTS)
                .map(
                    e ->
                        plan.named(e.getKey())
                            + " (likely "
                            + Printer.number(likely(e.getValue()))
                            + ")")
                .collect(Collectors.joining(", "))
            + "; all "
            + Printer.number(plan.windows())
            + " windows: --all");
  }

  private static long likely(List<PlanOverview.PlanLine> lines) {
    return lines.stream().mapToLong(PlanOverview.PlanLine::likelyRequests).sum();
  }

  private static List<String> totals(String name, List<PlanOverview.PlanLine> lines) {
    List<Long> rows = lines.stream().flatMap(l -> Stream.ofNullable(l.rows())).toList();
    List<Long> bytes = lines.stream().flatMap(l -> Stream.ofNullable(l.bytes())).toList();
    return List.of(
        name,
        Printer.number(lines.stream().map(PlanOverview.PlanLine::site).distinct().count()),
        lines.stream()
                .map(PlanOverview.PlanLine::first)
                .min(Comparator.naturalOrder())
                .map(LocalDate::toString)
                .orElse("")
            + " .. "
            + lines.stream()
                .map(PlanOverview.PlanLine::last)
                .max(Comparator.naturalOrder())
                .map(LocalDate::toString)
                .orElse(""),
        Printer.number(lines.stream().mapToLong(PlanOverview.PlanLine::windows).sum()),
        Printer.number(lines.stream().mapToLong(PlanOverview.PlanLine::leastRequests).sum()),
        Printer.number(likely(lines)),
        Printer.number(lines.stream().mapToLong(PlanOverview.PlanLine::mostRequests).sum()),
        sum(rows, lines.size(), Printer::number),
        sum(bytes, lines.size(), Printer::bytes));
  }

  /** Returns the sum of what is known; with a plus sign if that is not all. */
  private static String sum(List<Long> known, int all, LongFunction<String> words) {
    return known.isEmpty()
        ? UNKNOWN
        : words.apply(known.stream().mapToLong(Long::longValue).sum())
            + (known.size() < all ? "+" : "");
  }

  private static void table(Printer printer, PlanOverview plan) {
    List<List<String>> rows = new ArrayList<>();
    for (PlanOverview.PlanLine line : plan.lines()) {
      rows.add(
          List.of(
              String.join("+", line.reports()),
              slice(plan, line.site(), line.event()),
              line.first() + " .. " + line.last(),
              Printer.number(line.windows()),
              Printer.number(line.leastRequests()),
              Printer.number(line.likelyRequests()),
              Printer.number(line.mostRequests()),
              line.rows() == null ? UNKNOWN : Printer.number(line.rows()),
              line.bytes() == null ? UNKNOWN : Printer.bytes(line.bytes())));
    }
    printer.table(
        List.of("report", "site", "days", "windows", "least", "likely", "most", "rows", "size"),
        rows);
  }

  /** Prints the purpose of the likely requests. */
  private static void kinds(Printer printer, PlanOverview plan) {
    if (plan.likelyRequests() == 0) {
      return;
    }
    printer.line("");
    List<List<String>> rows = new ArrayList<>();
    for (PlanOverview.Share share : plan.byReport()) {
      rows.add(kinds(String.join("+", share.reports()), share.kinds()));
    }
    rows.add(kinds("all", plan.kinds()));
    printer.table(
        List.of("likely requests", "control", "first page", "further pages", "partitions", "total"),
        rows);
    printer.line("");
  }

  private static List<String> kinds(String name, RequestKinds kinds) {
    return List.of(
        name,
        Printer.number(kinds.control()),
        Printer.number(kinds.first()),
        Printer.number(kinds.further()),
        Printer.number(kinds.partitions()),
        Printer.number(kinds.total()));
  }

  private static String slice(PlanOverview plan, String site, @Nullable String event) {
    return event == null ? plan.named(site) : plan.named(site) + " / " + event;
  }
}
