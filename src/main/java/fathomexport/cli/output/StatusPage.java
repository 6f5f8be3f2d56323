package fathomexport.cli.output;

import com.github.mustachejava.DefaultMustacheFactory;
import fathomexport.inspect.PeriodState;
import fathomexport.inspect.StatusOverview;
import fathomexport.report.ShownText;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Renders the status as one HTML page without external resources. The template escapes its values.
 * One script finds sites; the page is complete without it, and its policy allows no other.
 */
public final class StatusPage {
  private static final String TEMPLATE = "status.mustache";
  private static final String SCRIPT = "status.js";
  private static final DateTimeFormatter MINUTE =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm", Locale.ROOT).withZone(ZoneOffset.UTC);
  private static final Duration QUOTA_WINDOW = Duration.ofMinutes(1);

  private static final int ATTENTION = 100;
  private static final int OPEN_SITES = 3;

  /** With more rows than this, the page shows calendars only of rows that need attention. */
  private static final int MANY = 150;

  /** The most calendars of such a page, which keep it below 300 kB. */
  private static final int CALENDARS_OF_MANY = 60;

  private static final int RUNS = 20;
  private static final int GAPS = 6;
  private static final int RANGES = 6;

  /**
   * Maximum number of months over all calendars; above it, calendars show only the last 13 months.
   */
  private static final int MOST_MONTHS = 30_000;

  private static final int MONTHS_OF_MANY = 13;

  private static final int CHART_WIDTH = 600;
  private static final int CHART_FOOT = 150;
  private static final int CHART_HEIGHT = 130;
  private static final int WIDEST_BAR = 24;

  private final StatusOverview status;

  /** The rows whose calendars the page shows. */
  private final List<StatusOverview.Line> drawn = new ArrayList<>();

  /**
   * Calendars omit days before this one, so that the page of many sites and years remains loadable.
   */
  private final LocalDate calendarsFrom;

  private StatusPage(StatusOverview status) {
    this.status = status;
    long months =
        status.lines().stream()
            .filter(l -> !l.spans().isEmpty())
            .mapToLong(l -> CalendarView.months(l.spans()))
            .sum();
    this.calendarsFrom =
        months <= MOST_MONTHS
            ? LocalDate.MIN
            : LocalDate.ofInstant(status.at(), ZoneOffset.UTC)
                .withDayOfMonth(1)
                .minusMonths(MONTHS_OF_MANY - 1L);
  }

  /** Returns the spans that the calendar of a line shows. */
  private List<StatusOverview.Span> shown(StatusOverview.Line line) {
    return line.spans().stream()
        .filter(s -> !s.last().isBefore(calendarsFrom))
        .map(
            s ->
                s.first().isBefore(calendarsFrom)
                    ? new StatusOverview.Span(calendarsFrom, s.last(), s.state())
                    : s)
        .toList();
  }

  /** Renders the page as XML that is also valid HTML. */
  public static String of(StatusOverview status) {
    StringWriter page = new StringWriter();
    try (InputStreamReader template =
        new InputStreamReader(
            Objects.requireNonNull(StatusPage.class.getResourceAsStream(TEMPLATE), TEMPLATE),
            StandardCharsets.UTF_8)) {
      new Escaping().compile(template, TEMPLATE).execute(page, new StatusPage(status).page());
    } catch (IOException e) {
      throw new IllegalStateException("cannot read the page's template", e);
    }
    return page.toString();
  }

  /** Escapes all values of the template, as shown text and as HTML. */
  private static final class Escaping extends DefaultMustacheFactory {
    @Override
    public void encode(String value, Writer writer) {
      super.encode(ShownText.words(value), writer);
    }
  }

  /** Returns the model of the template. */
  private Map<String, Object> page() {
    List<StatusOverview.Line> wanting =
        status.lines().stream().filter(StatusOverview.Line::attention).toList();
    Map<String, Object> page = new LinkedHashMap<>();
    String script = script();
    page.put("script", script);
    page.put("scriptHash", hash(script));
    page.put("pipeline", status.pipeline());
    page.put("verdict", StatusWords.verdict(status));
    page.put("verdictStyle", !StatusWords.needsAttention(status) ? "good" : "bad");
    page.put("at", MINUTE.format(status.at()));
    page.put("lastRun", lastRun());
    page.put("tiles", tiles());
    page.put("patterns", patterns());
    page.put("legend", legend());
    page.put("hasAttention", !wanting.isEmpty());
    page.put(
        "attention",
        wanting.stream()
            .sorted(StatusSummary.MOST_URGENT)
            .limit(ATTENTION)
            .map(this::attention)
            .toList());
    page.put("attentionLeft", wanting.size() > ATTENTION ? wanting.size() - ATTENTION : false);
    List<String> wrong = new ArrayList<>(StatusWords.damaged(status));
    wrong.addAll(SinkWords.sinks(status));
    wrong.addAll(SinkWords.verified(status));
    wrong.addAll(StatusWords.leftOut(status));
    wrong.addAll(status.unstored());
    wrong.addAll(StatusWords.ahead(status));
    RunWords.failedRuns(status).stream().limit(GAPS).forEach(wrong::add);
    page.put("sinks", wrong);
    List<String> notes = new ArrayList<>(RunWords.notEnded(status));
    notes.addAll(status.notRenamedYet());
    notes.addAll(RunWords.left(status));
    notes.addAll(StatusWords.newSites(status));
    notes.addAll(RunPrinting.renewals(status.pipeline(), status.renewals()));
    notes.addAll(SinkWords.lost(status));
    notes.addAll(StatusWords.partial(status));
    notes.addAll(StatusWords.outdated(status));
    page.put("partial", notes);
    page.put("sites", sites());
    page.put("many", status.lines().size() > MANY);
    page.put("scales", scales());
    page.put("charts", List.of(runChart(), dayChart()));
    page.put("hasRuns", !status.runs().isEmpty());
    page.put("runs", status.runs().stream().limit(RUNS).map(this::run).toList());
    page.put("hasQuarantined", !status.quarantined().isEmpty());
    page.put("quarantined", status.quarantined().stream().map(this::quarantined).toList());
    page.put("hasDamaged", !status.damaged().isEmpty());
    page.put("damaged", status.damaged());
    page.put("moved", status.moved().stream().map(StatusWords::moved).toList());
    page.put("hasRestated", !status.restated().isEmpty());
    page.put("restated", status.restated().stream().map(this::restated).toList());
    return page;
  }

  private static String script() {
    try (InputStream script =
        Objects.requireNonNull(StatusPage.class.getResourceAsStream(SCRIPT), SCRIPT)) {
      return new String(script.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException("cannot read the page's script", e);
    }
  }

  /** Returns how a content security policy names a script that it allows. */
  private static String hash(String script) {
    try {
      return "sha256-"
          + Base64.getEncoder()
              .encodeToString(
                  MessageDigest.getInstance("SHA-256")
                      .digest(script.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private String lastRun() {
    return status.runs().stream()
        .filter(r -> r.pipeline().equals(status.pipeline()))
        .findFirst()
        .map(
            r ->
                "Last "
                    + r.command()
                    + " of this pipeline: "
                    + MINUTE.format(r.startedAt())
                    + ", "
                    + (r.exitCode() == null
                        ? RunWords.isKilled(r) ? "killed" : "not ended"
                        : "exit "
                            + r.exitCode()
                            + (Objects.equals(r.exitCode(), 0)
                                ? ""
                                : "; " + RunWords.lastGoodRun(status)))
                    + ".")
        .orElse("This pipeline has not run yet.");
  }

  private List<Map<String, String>> tiles() {
    StatusOverview.Usage usage = status.usage();
    return List.of(
        tile(
            status.sitesComplete() + " of " + status.sites(),
            status.dueBy() == null ? "sites complete to yesterday" : "sites complete"),
        tile(sum(StatusOverview.Line::late), "days late"),
        tile(sum(StatusOverview.Line::rows), "rows stored"),
        tile(sum(StatusOverview.Line::missing), "periods missing"),
        tile(sum(l -> l.incomplete() + l.failed()), "periods incomplete or failed"),
        tile(sum(StatusOverview.Line::stale), "periods stale"),
        tile(sum(StatusOverview.Line::quarantined), "rows in quarantine"),
        tile(Printer.number(usage.requestsToday()), "requests today"),
        tile(Printer.number(usage.requestsThisMonth()), "requests this month, billed"));
  }

  private static Map<String, String> tile(String value, String label) {
    return Map.of("value", value, "label", label);
  }

  private String sum(ToLongFunction<StatusOverview.Line> of) {
    return Printer.number(status.lines().stream().mapToLong(of).sum());
  }

  /** Returns the fill patterns of the states that also have a letter. */
  private static List<Map<String, String>> patterns() {
    return Arrays.stream(PeriodState.values())
        .filter(s -> s != PeriodState.CERTIFIED)
        .map(
            s ->
                Map.of(
                    "key",
                    s.key(),
                    "letter",
                    String.valueOf(s.letter()),
                    "ink",
                    switch (s) {
                      case INCOMPLETE -> "incomplete";
                      case MISSING -> "missing";
                      case STALE, PROVISIONAL, UNCERTIFIED, NOTHING, CERTIFIED -> "pale";
                    }))
        .toList();
  }

  private static List<Map<String, String>> legend() {
    List<PeriodState> states = new ArrayList<>(List.of(PeriodState.values()));
    Collections.reverse(states);
    return states.stream()
        .map(
            s ->
                Map.of(
                    "key",
                    s.key(),
                    "label",
                    s.label(),
                    "letter",
                    s == PeriodState.CERTIFIED ? "" : String.valueOf(s.letter()),
                    "meaning",
                    s.meaning()))
        .toList();
  }

  private Map<String, Object> attention(StatusOverview.Line line) {
    Map<String, Object> view = new LinkedHashMap<>();
    view.put("site", status.named(line.site()));
    view.put("report", name(line));
    view.put("freshTo", line.freshTo() == null ? "-" : line.freshTo().toString());
    view.put("matter", LineWords.matter(line));
    why(line, view);
    return view;
  }

  private static void why(StatusOverview.Line line, Map<String, Object> view) {
    List<StatusOverview.Gap> gaps = line.gaps();
    view.put("hasGaps", !gaps.isEmpty());
    List<String> shown = new ArrayList<>();
    for (StatusOverview.Gap gap : gaps.subList(0, Math.min(GAPS, gaps.size()))) {
      shown.add(gap + (shown.size() + 1 < gaps.size() ? "," : ""));
    }
    view.put("gaps", shown);
    view.put("gapsLeft", gaps.size() > GAPS ? "and " + (gaps.size() - GAPS) + " more ranges" : "");
    view.put("problem", line.problem() == null ? "" : line.problem());
    view.put("reason", LineWords.reason(line));
  }

  private static String name(StatusOverview.Line line) {
    return line.event() == null ? line.report() : line.report() + " / " + line.event();
  }

  // --- Sites

  private List<Map<String, Object>> sites() {
    Map<String, List<StatusOverview.Line>> bySite = new LinkedHashMap<>();
    status.lines().forEach(l -> bySite.computeIfAbsent(l.site(), s -> new ArrayList<>()).add(l));
    boolean many = status.lines().size() > MANY;
    int[] left = {many ? CALENDARS_OF_MANY : Integer.MAX_VALUE};
    List<Map<String, Object>> sites = new ArrayList<>();
    bySite.forEach(
        (site, lines) -> {
          List<StatusOverview.Line> wanting =
              lines.stream().filter(StatusOverview.Line::attention).toList();
          List<StatusOverview.Line> shown =
              (many ? wanting : lines).stream().limit(left[0]).toList();
          left[0] -= shown.size();
          Map<String, Object> view = new LinkedHashMap<>();
          view.put("site", status.named(site));
          view.put("open", sites.isEmpty() || (!wanting.isEmpty() && sites.size() < OPEN_SITES));
          view.put("style", wanting.isEmpty() ? "good" : "bad");
          view.put("mark", wanting.isEmpty() ? "✓" : "!");
          view.put("words", words(lines, wanting.size()));
          view.put("folded", shown.isEmpty());
          view.put("unfolded", !shown.isEmpty());
          view.put("lines", shown.stream().map(this::line).toList());
          drawn.addAll(shown);
          sites.add(view);
        });
    return sites;
  }

  private static String words(List<StatusOverview.Line> lines, long wanting) {
    if (wanting > 0) {
      return wanting + " of " + lines.size() + " reports need attention";
    }
    return lines.stream().allMatch(StatusOverview.Line::retired)
        ? LineWords.state(lines.get(0))
        : "complete to " + lines.get(0).freshTo();
  }

  private Map<String, Object> line(StatusOverview.Line line) {
    Map<String, Object> view = new LinkedHashMap<>();
    view.put("site", line.site());
    view.put("report", name(line));
    view.put("facts", facts(line));
    view.put("matter", LineWords.matter(line));
    why(line, view);
    boolean byRange = line.grouping().equals("none");
    view.put("ranges", byRange ? ranges(line.spans()) : "");
    List<StatusOverview.Span> shown = byRange ? List.of() : shown(line);
    view.put("calendar", shown.isEmpty() ? false : CalendarView.of(shown));
    view.put(
        "clipped",
        shown.isEmpty() || shown.get(0).first().equals(line.spans().get(0).first())
            ? ""
            : "Calendar from " + shown.get(0).first() + " on; the counts include all periods.");
    return view;
  }

  private static String facts(StatusOverview.Line line) {
    if (line.first() == null) {
      return "Nothing is stored.";
    }
    if (line.freshTo() == null) {
      return "No day is in all sinks.";
    }
    List<String> facts = new ArrayList<>();
    facts.add(line.first() + " .. " + line.freshTo());
    facts.add("by " + (line.grouping().equals("none") ? "range" : line.grouping()));
    facts.add(Printer.number(line.certified()) + " certified");
    fact(facts, line.nothing(), "of them empty");
    fact(facts, line.uncertified(), "uncertified");
    fact(facts, line.provisional(), "provisional");
    fact(facts, line.restated(), "restated");
    facts.add(Printer.number(line.rows()) + " rows");
    return String.join(" · ", facts);
  }

  private static void fact(List<String> facts, long count, String word) {
    if (count > 0) {
      facts.add(Printer.number(count) + " " + word);
    }
  }

  /** Describes the totals of ranges as text: they overlap, so a calendar cannot show them. */
  private static String ranges(List<StatusOverview.Span> spans) {
    return spans.stream()
            .skip(Math.max(0, spans.size() - RANGES))
            .map(s -> s.first() + " .. " + s.last() + " " + s.state().label())
            .collect(Collectors.joining(", "))
        + (spans.size() > RANGES ? ", and " + (spans.size() - RANGES) + " earlier" : "");
  }

  private List<CalendarView.Scale> scales() {
    Map<String, CalendarView.Scale> scales = new TreeMap<>();
    for (StatusOverview.Line line : drawn) {
      List<StatusOverview.Span> shown = shown(line);
      if (!shown.isEmpty()) {
        CalendarView.Scale scale =
            CalendarView.Scale.of(CalendarView.firstMonth(shown), CalendarView.months(shown));
        scales.put(scale.id(), scale);
      }
    }
    return List.copyOf(scales.values());
  }

  // --- Runs and requests

  private Map<String, Object> run(StatusOverview.Run run) {
    return Map.of(
        "started",
        MINUTE.format(run.startedAt()),
        "name",
        run.command() + " " + run.pipeline(),
        "style",
        Objects.equals(run.exitCode(), 0) ? "good" : "bad",
        "exit",
        run.exitCode() == null
            ? RunWords.isKilled(run) ? "killed" : "not ended"
            : run.exitCode().toString(),
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

  private record Bar(long value, boolean good, String title, String label) {}

  private Map<String, Object> runChart() {
    List<StatusOverview.Run> runs = new ArrayList<>(status.runs());
    Collections.reverse(runs);
    return chart(
        "Requests by run",
        "The newest "
            + runs.size()
            + " runs, oldest first. A number above a bar is an exit code other than 0.",
        runs.stream()
            .map(
                r ->
                    new Bar(
                        r.requests(),
                        Objects.equals(r.exitCode(), 0),
                        MINUTE.format(r.startedAt())
                            + " "
                            + r.command()
                            + " "
                            + r.pipeline()
                            + ": "
                            + Printer.number(r.requests())
                            + " requests, "
                            + (r.exitCode() == null
                                ? RunWords.isKilled(r) ? "killed" : "not ended"
                                : "exit " + r.exitCode()),
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
    return chart(
        "Requests by day (UTC)",
        "Each is billed as a pageview. The quota of "
            + usage.requestsPerMinute()
            + " per minute allows "
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
                    new Bar(
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

  private static Map<String, Object> chart(
      String title, String caption, List<Bar> bars, String from, String to) {
    long most = Math.max(1, bars.stream().mapToLong(Bar::value).max().orElse(0));
    double step = Math.min(WIDEST_BAR, (double) CHART_WIDTH / Math.max(1, bars.size()));
    List<Map<String, Object>> views = new ArrayList<>();
    for (int i = 0; i < bars.size(); i++) {
      Bar bar = bars.get(i);
      // A value above zero is always visible.
      double height =
          bar.value() == 0 ? 1 : Math.max(2, (double) CHART_HEIGHT * bar.value() / most);
      Map<String, Object> view = new LinkedHashMap<>();
      view.put("style", bar.good() ? "ok" : "bad-bar");
      view.put("x", decimal(i * step));
      view.put("y", decimal(CHART_FOOT - height));
      view.put("width", decimal(Math.max(1, step - 2)));
      view.put("height", decimal(height));
      view.put("middle", decimal(i * step + (step - 2) / 2));
      view.put("labelY", decimal(CHART_FOOT - height - 3));
      view.put("title", bar.title());
      view.put("label", bar.label());
      views.add(view);
    }
    Map<String, Object> chart = new LinkedHashMap<>();
    chart.put("title", title);
    chart.put("caption", caption);
    chart.put("top", Printer.number(most));
    chart.put("bars", views);
    chart.put("from", from);
    chart.put("to", bars.size() > 1 ? to : "");
    return chart;
  }

  private static String decimal(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }

  // --- Journals

  private Map<String, String> quarantined(StatusOverview.Quarantined row) {
    return Map.of(
        "at",
        MINUTE.format(row.at()),
        "report",
        row.report(),
        "site",
        row.event() == null
            ? status.named(row.site())
            : status.named(row.site()) + " / " + row.event(),
        "reason",
        row.reason());
  }

  private Map<String, String> restated(StatusOverview.Change change) {
    return Map.of(
        "at",
        MINUTE.format(change.at()),
        "report",
        change.report(),
        "site",
        change.event() == null
            ? status.named(change.site())
            : status.named(change.site()) + " / " + change.event(),
        "period",
        change.period().toString(),
        "measure",
        change.measure(),
        "before",
        value(change.before()),
        "after",
        value(change.after()),
        "reason",
        change.reason() == null ? "unknown" : change.reason());
  }

  private static String value(@Nullable Double value) {
    return value == null ? "?" : Printer.number(Math.round(value));
  }
}
