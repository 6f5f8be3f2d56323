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
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Renders the status as one HTML page without external resources. The template escapes its values.
 * One script finds sites; the page is complete without it, and its policy allows no other.
 */
public final class StatusPage {
  private static final String TEMPLATE = "status.mustache";
  private static final String SCRIPT = "status.js";
  static final DateTimeFormatter MINUTE =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm", Locale.ROOT).withZone(ZoneOffset.UTC);
  private static final int ATTENTION = 100;
  private static final int FAILED_RUNS = 6;

  private final StatusOverview status;

  private StatusPage(StatusOverview status) {
    this.status = status;
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
    RunWords.failedRuns(status).stream().limit(FAILED_RUNS).forEach(wrong::add);
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
    StatusPageSites sites = new StatusPageSites(status);
    page.put("sites", sites.models());
    page.put("many", sites.areMany());
    page.put("scales", sites.scales());
    StatusPageRuns runs = new StatusPageRuns(status);
    page.put("charts", runs.charts());
    page.put("hasRuns", !status.runs().isEmpty());
    page.put("runs", runs.runs());
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
                        ? RunWords.end(r)
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
        tile(
            sum(l -> l.retired() ? 0 : l.incomplete() + l.failed()),
            "periods incomplete or failed"),
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
    view.put("report", StatusPageSites.name(line));
    view.put("freshTo", line.freshTo() == null ? "-" : line.freshTo().toString());
    view.put("matter", LineWords.matter(line));
    StatusPageSites.why(line, view);
    return view;
  }

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

  private Map<String, String> restated(StatusOverview.ChangedPeriod change) {
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
