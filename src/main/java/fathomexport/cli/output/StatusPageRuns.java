package fathomexport.cli.output;

import fathomexport.inspect.StatusOverview;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/** The runs and the requests of the status page. */
final class StatusPageRuns {
  private static final Duration QUOTA_WINDOW = Duration.ofMinutes(1);
  private static final int RUNS = 20;

  private final StatusOverview status;

  StatusPageRuns(StatusOverview status) {
    this.status = status;
  }

  /** Returns the models of the newest runs. */
  List<Map<String, Object>> runs() {
    return status.runs().stream().limit(RUNS).map(this::run).toList();
  }

  /** Returns the models of the charts: requests by run, and by day. */
  List<Map<String, Object>> charts() {
    return List.of(runChart(), dayChart());
  }

  private Map<String, Object> run(StatusOverview.Run run) {
    return Map.of(
        "started",
        StatusPage.MINUTE.format(run.startedAt()),
        "name",
        run.command() + " " + run.pipeline(),
        "style",
        Objects.equals(run.exitCode(), 0) ? "good" : "bad",
        "exit",
        run.exitCode() == null ? RunWords.end(run) : run.exitCode().toString(),
        "took",
        run.took() == null ? "" : Printer.time(run.took()),
        "floor",
        floor(run.requests()).isZero() ? "" : Printer.time(floor(run.requests())),
        "windows",
        run.windowsCommitted() + "/" + run.windowsPlanned(),
        "rows",
        Printer.number(run.rows()),
        "requests",
        Printer.number(run.requests()));
  }

  /** Returns the shortest time in which the quota allows this number of requests. */
  private Duration floor(long requests) {
    int quota = status.usage().requestsPerMinute();
    return requests == 0
        ? Duration.ZERO
        : QUOTA_WINDOW.multipliedBy((requests + quota - 1) / quota - 1);
  }

  private Map<String, Object> runChart() {
    List<StatusOverview.Run> runs = new ArrayList<>(status.runs());
    Collections.reverse(runs);
    return BarChart.of(
        "Requests by run",
        "The newest "
            + runs.size()
            + " runs, oldest first. A number above a bar is an exit code other than 0.",
        runs.stream()
            .map(
                r ->
                    new BarChart.Bar(
                        r.requests(),
                        Objects.equals(r.exitCode(), 0),
                        StatusPage.MINUTE.format(r.startedAt())
                            + " "
                            + r.command()
                            + " "
                            + r.pipeline()
                            + ": "
                            + Printer.number(r.requests())
                            + " requests, "
                            + (r.exitCode() == null ? RunWords.end(r) : "exit " + r.exitCode()),
                        r.exitCode() == null
                            ? "-"
                            : r.exitCode() == 0 ? "" : r.exitCode().toString()))
            .toList(),
        runs.isEmpty() ? "" : date(runs.get(0).startedAt()),
        runs.isEmpty() ? "" : date(runs.get(runs.size() - 1).startedAt()));
  }

  private Map<String, Object> dayChart() {
    StatusOverview.Usage usage = status.usage();
    List<StatusOverview.DayUse> days = usage.days();
    long quota = usage.requestsPerMinute() * Duration.ofDays(1).toMinutes();
    long most = days.stream().mapToLong(StatusOverview.DayUse::requests).max().orElse(0);
    return BarChart.of(
        "Requests by day (UTC)",
        "Each is billed as a pageview. "
            + (usage.quotas().size() > 1
                ? "The quotas of the accounts, together " + usage.requestsPerMinute()
                : "The quota of " + usage.requestsPerMinute())
            + " per minute"
            + (usage.quotas().size() > 1 ? ", allow " : " allows ")
            + Printer.number(quota)
            + " per day; the busiest of these days used "
            + String.format(Locale.ROOT, "%.1f", 100.0 * most / quota)
            + " % of that"
            + (usage.limitedThisMonth() == null
                ? "."
                : "; "
                    + Printer.number(usage.limitedThisMonth())
                    + " requests of this month were answered with 429."),
        days.stream()
            .map(
                d ->
                    new BarChart.Bar(
                        d.requests(),
                        true,
                        d.day() + ": " + Printer.number(d.requests()) + " requests",
                        ""))
            .toList(),
        days.isEmpty() ? "" : days.get(0).day().toString(),
        days.isEmpty() ? "" : days.get(days.size() - 1).day().toString());
  }

  private static String date(Instant at) {
    return at.atOffset(ZoneOffset.UTC).toLocalDate().toString();
  }
}
