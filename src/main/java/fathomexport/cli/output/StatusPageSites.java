package fathomexport.cli.output;

import fathomexport.inspect.StatusOverview;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The sites of the status page, with the calendars of their reports. */
final class StatusPageSites {
  private static final int OPEN_SITES = 3;

  /** With more rows than this, the page shows calendars only of rows that need attention. */
  private static final int MANY = 150;

  /** The most calendars of such a page, which keep it below 300 kB. */
  private static final int CALENDARS_OF_MANY = 60;

  private static final int GAPS = 6;
  private static final int RANGES = 6;

  /**
   * Maximum number of months over all calendars; above it, calendars show only the last 13 months.
   */
  private static final int MOST_MONTHS = 30_000;

  private static final int MONTHS_OF_MANY = 13;

  private final StatusOverview status;

  /** The rows whose calendars the page shows. */
  private final List<StatusOverview.Line> drawn = new ArrayList<>();

  /**
   * Calendars omit days before this one, so that the page of many sites and years remains loadable.
   */
  private final LocalDate calendarsFrom;

  private final List<Map<String, Object>> models;

  StatusPageSites(StatusOverview status) {
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
    this.models = sites();
  }

  /** Returns the models of all sites. */
  List<Map<String, Object>> models() {
    return models;
  }

  private List<Map<String, Object>> sites() {
    Map<String, List<StatusOverview.Line>> bySite = new LinkedHashMap<>();
    status.lines().forEach(l -> bySite.computeIfAbsent(l.site(), s -> new ArrayList<>()).add(l));
    boolean many = areMany();
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

  /** Returns whether there are so many rows that most of them are shown without a calendar. */
  boolean areMany() {
    return status.lines().size() > MANY;
  }

  private static String words(List<StatusOverview.Line> lines, long wanting) {
    if (wanting > 0) {
      return wanting + " of " + lines.size() + " reports need attention";
    }
    if (lines.stream().allMatch(StatusOverview.Line::retired)) {
      return LineWords.state(lines.get(0));
    }
    long empty = lines.stream().filter(StatusOverview.Line::neverStored).count();
    return empty == 0
        ? "complete to " + lines.get(0).freshTo()
        : "nothing stored yet of " + empty + " of " + lines.size() + " reports";
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

  /** Returns the scales of the calendars that the models show. */
  List<CalendarView.Scale> scales() {
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

  /** Adds to the model of a line why it needs attention. */
  static void why(StatusOverview.Line line, Map<String, Object> view) {
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

  static String name(StatusOverview.Line line) {
    return line.event() == null ? line.report() : line.report() + " / " + line.event();
  }
}
