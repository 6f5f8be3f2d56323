package fathomexport.cli.output;

import fathomexport.inspect.PeriodState;
import fathomexport.inspect.StatusOverview;
import fathomexport.report.DifferenceCause;
import fathomexport.report.Program;
import fathomexport.run.BackfillCommands;
import fathomexport.run.FailureKind;
import fathomexport.run.Left;
import fathomexport.run.MissingRange;
import fathomexport.run.NewSites;
import fathomexport.run.UnlistedSite;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The texts about a status that the terminal and the page share. */
public final class StatusWords {
  private static final DateTimeFormatter MINUTE =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'", Locale.ROOT).withZone(ZoneOffset.UTC);

  private static final int SPANS = 3;

  /** How long what a backfill has left is mentioned: after that, it was given up. */
  private static final Duration REMEMBERED = Duration.ofDays(7);

  private StatusWords() {}

  /** Describes how late stored numbers changed, and which look-back covers that. */
  public static String moved(StatusOverview.Moved moved) {
    String ages =
        moved.ages().stream()
            .map(a -> Printer.number(a.days()) + " after " + a.daysAfter() + " d")
            .collect(Collectors.joining(", "));
    int suggested = moved.suggestedLookbackDays();
    return moved.report()
        + ": "
        + Printer.number(moved.days())
        + (moved.days() == 1 ? " stored day" : " stored days")
        + " changed later ("
        + ages
        + "; last seen "
        + moved.lastAt().truncatedTo(ChronoUnit.SECONDS)
        + "): "
        + (suggested > moved.lookbackDays()
            ? "later than lookback_days: "
                + moved.lookbackDays()
                + " is certain to find; suggested: "
                + suggested
            : "lookback_days: "
                + moved.lookbackDays()
                + " finds them all"
                + (suggested < moved.lookbackDays() ? ", and " + suggested + " would, too" : ""));
  }

  /** Describes how the sinks differ, one line per difference, with the command that mends it. */
  public static List<String> sinks(StatusOverview status) {
    List<String> lines = new ArrayList<>();
    for (StatusOverview.SinkLag lag : status.lagging()) {
      if (!lag.retired()) {
        lines.addAll(
            RunPrinting.commands(lacks(lag) + "; fetch with: ", words(status, lag.commands(), "")));
      }
    }
    StatusOverview.Extent differing = status.differing();
    if (differing != null) {
      lines.addAll(
          RunPrinting.commands(
              "the sinks hold different rows of " + extent(differing) + "; fetch again with: ",
              words(status, status.differingCommands(), " --force")));
    }
    for (StatusOverview.SampleLag lag : status.samplesLacking()) {
      lines.add(
          lag.sink()
              + " lacks "
              + Printer.number(lag.samples())
              + (lag.samples() == 1 ? " sample" : " samples")
              + " of current visitors that another sink has ("
              + count(lag.sites(), "site")
              + ", "
              + lag.first()
              + " .. "
              + lag.last()
              + "); they cannot be fetched again");
    }
    return lines;
  }

  /** Describes what verifications found to differ and nothing has mended since. */
  public static List<String> verified(StatusOverview status) {
    List<String> lines = new ArrayList<>();
    for (StatusOverview.Verified found : status.verified()) {
      String what =
          "verify found "
              + extent(found.extent())
              + (found.extent().periods() == 1 ? " that differs in " : " that differ in ")
              + found.sink()
              + ": "
              + found.cause().words();
      if (found.detail() != null) {
        lines.add(what + ": " + found.detail());
      } else {
        lines.addAll(
            RunPrinting.commands(
                what + exportAgain(found.sink(), found.cause()),
                words(status, found.commands(), " --force")));
      }
    }
    return lines;
  }

  /** Returns the words before the command that exports again what differs in a sink. */
  static String exportAgain(String sink, DifferenceCause cause) {
    return sink.equals("parquet") && cause == DifferenceCause.CHANGED_IN_STORAGE
        ? ". Files that were changed by hand are not written over: remove those of these days, and"
            + " then export them again with: "
        : "; export them again with: ";
  }

  /** Describes days that are stored although they are not over; empty if there are none. */
  public static List<String> ahead(StatusOverview status) {
    List<StatusOverview.Line> ahead =
        status.lines().stream().filter(l -> l.ahead() > 0 && !l.retired()).toList();
    if (ahead.isEmpty()) {
      return List.of();
    }
    LocalDate first =
        ahead.stream()
            .flatMap(l -> Stream.ofNullable(l.freshTo()).map(to -> to.minusDays(l.ahead() - 1)))
            .min(Comparator.naturalOrder())
            .orElseThrow();
    LocalDate last =
        ahead.stream()
            .flatMap(l -> Stream.ofNullable(l.freshTo()))
            .max(Comparator.naturalOrder())
            .orElseThrow();
    return List.of(
        StatusSummary.rows(status, ahead)
            + ": "
            + new StatusOverview.Gap(first, last)
            + " is stored although it is not over by this machine's clock, which is behind now, or"
            + " was ahead when the API was asked (`check` compares it with the API's). In the"
            + " second case, fetch it again when it is over, with: "
            + Program.command("backfill " + status.pipeline())
            + " --from "
            + first
            + " --to "
            + last
            + " --force");
  }

  /**
   * Describes what no run mends without a person: sites that are left out, and what lies too far
   * back, with the commands.
   */
  public static List<String> leftOut(StatusOverview status) {
    List<String> lines = new ArrayList<>();
    if (!status.unlisted().isEmpty()) {
      lines.add(UnlistedSite.words(status.pipeline(), status.unlisted()));
    }
    MissingRange missing = status.beyondReach();
    if (missing != null) {
      lines.addAll(RunPrinting.missing(status.pipeline(), missing));
    }
    return lines;
  }

  /**
   * Returns what needs attention beside the rows, in the order of its urgency. Of the runs that
   * failed only those count that found data to be wrong, such as a verification: what the others
   * did not fetch is late or missing in the rows once a run could have fetched it.
   */
  public static List<String> marked(StatusOverview status) {
    List<String> lines = new ArrayList<>(damaged(status));
    lines.addAll(sinks(status));
    lines.addAll(verified(status));
    lines.addAll(leftOut(status));
    lines.addAll(status.unstored());
    lines.addAll(ahead(status));
    lines.addAll(
        failedRuns(
            status, run -> Objects.equals(run.exitCode(), FailureKind.INCOMPLETE.exitCode())));
    return lines;
  }

  /** Describes the files that cannot be read, each with what to do about it. */
  public static List<String> damaged(StatusOverview status) {
    return status.damaged().stream().map(damaged -> "damaged: " + damaged).toList();
  }

  /** Returns whether anything needs attention, or nothing was ever stored. */
  public static boolean needsAttention(StatusOverview status) {
    return status.lines().isEmpty()
        || status.lines().stream().anyMatch(StatusOverview.Line::attention)
        || !marked(status).isEmpty();
  }

  /** Describes the sites that are new, with the commands that fetch their history. */
  public static List<String> newSites(StatusOverview status) {
    NewSites sites = status.newSites();
    return sites == null ? List.of() : RunPrinting.newSites(status.pipeline(), sites);
  }

  private static String lacks(StatusOverview.SinkLag lag) {
    return lag.sink()
        + " lacks "
        + extent(lag.lacks())
        + " that "
        + lag.others()
        + (lag.others().contains(" ") ? " have" : " has");
  }

  private static List<String> words(
      StatusOverview status, List<BackfillCommands.Command> commands, String option) {
    return commands.stream().map(c -> c.words(status.pipeline(), option)).toList();
  }

  /** Describes what a sink lacks of retired sites and events, which nothing can mend. */
  public static List<String> lost(StatusOverview status) {
    return status.lagging().stream()
        .filter(StatusOverview.SinkLag::retired)
        .map(
            lag ->
                lacks(lag)
                    + " of retired sites or events; they cannot be fetched again, and are"
                    + " not reported as missing")
        .toList();
  }

  /** Describes the runs of the pipeline that have no end yet: in progress, or killed. */
  public static List<String> notEnded(StatusOverview status) {
    return status.runs().stream()
        .filter(r -> r.pipeline().equals(status.pipeline()))
        .filter(r -> r.exitCode() == null && r.problem() == null && r.windowsPlanned() > 0)
        .map(
            r ->
                r.command()
                    + " of "
                    + MINUTE.format(r.startedAt())
                    + " has not ended: it is in progress, or it was killed; "
                    + count(r.windowsCommitted(), "window")
                    + (r.windowsCommitted() == 1 ? " is" : " are")
                    + " stored so far"
                    + (r.continuation() == null
                        ? ""
                        : "; if it was killed, continue with: " + r.continuation()))
        .toList();
  }

  /** Returns whether a run was killed: it has no exit code and never gets one. */
  public static boolean isKilled(StatusOverview.Run run) {
    return run.exitCode() == null && run.problem() != null;
  }

  /**
   * Describes the runs of the pipeline that failed, were killed or could not begin since the last
   * one that succeeded; newest first.
   */
  public static List<String> failedRuns(StatusOverview status) {
    return failedRuns(status, run -> true);
  }

  private static List<String> failedRuns(
      StatusOverview status, Predicate<StatusOverview.Run> which) {
    List<String> lines = new ArrayList<>();
    // Newest first: a command that has succeeded since has settled its earlier failures.
    Set<String> succeeded = new HashSet<>();
    Set<String> begunSince = new HashSet<>();
    for (StatusOverview.Run run : status.runs()) {
      if (!run.pipeline().equals(status.pipeline())) {
        continue;
      }
      if (run.command().equals("run") && Objects.equals(run.exitCode(), 0)) {
        break;
      }
      if (Objects.equals(run.exitCode(), 0)) {
        succeeded.add(run.command());
      }
      // What a run has left, a later one has taken up.
      boolean first = begunSince.add(run.command());
      String problem = run.problem();
      // What a verification found is known period by period.
      boolean isKnown =
          run.command().startsWith("verify")
              && Objects.equals(run.exitCode(), FailureKind.INCOMPLETE.exitCode());
      if (problem != null
          && !isKnown
          && which.test(run)
          && !succeeded.contains(run.command())
          && (first || !Left.isLeft(problem))) {
        lines.add(words(run, problem));
      }
    }
    return lines;
  }

  /** Says how many cells a run stored as escapes. */
  public static String escapes(long cells) {
    return "the run stored "
        + Printer.number(cells)
        + (cells == 1 ? " cell" : " cells")
        + " with characters that cannot be stored, as escapes such as \\u0000";
  }

  /** Describes the newest run that stored escapes; empty if none of the newest runs did. */
  public static String escapes(StatusOverview status) {
    return status.runs().stream()
        .filter(run -> run.escapedCells() > 0)
        .findFirst()
        .map(run -> MINUTE.format(run.startedAt()) + ": " + escapes(run.escapedCells()))
        .orElse("");
  }

  private static String words(StatusOverview.Run run, String problem) {
    return run.command()
        + " of "
        + MINUTE.format(run.startedAt())
        + (run.exitCode() == null ? "" : " (exit " + run.exitCode() + ")")
        + ": "
        + problem
        + (run.continuation() == null ? "" : "; continue with: " + run.continuation());
  }

  /**
   * Describes what backfills of the last days have left, although a run has succeeded since: a run
   * does not take it up.
   */
  public static List<String> left(StatusOverview status) {
    List<String> lines = new ArrayList<>();
    boolean succeeded = false;
    Set<String> since = new HashSet<>();
    for (StatusOverview.Run run : status.runs()) {
      if (!run.pipeline().equals(status.pipeline())) {
        continue;
      }
      String problem = run.problem();
      if (since.add(run.command())
          && succeeded
          && problem != null
          && (Left.isLeft(problem) || (isKilled(run) && run.continuation() != null))
          && run.startedAt().isAfter(status.at().minus(REMEMBERED))) {
        lines.add(words(run, problem));
      }
      succeeded |= run.command().equals("run") && Objects.equals(run.exitCode(), 0);
    }
    return lines;
  }

  /** Says when the last run was that succeeded, whatever the newest ones have failed at. */
  public static String lastGoodRun(StatusOverview status) {
    Instant at = status.lastGoodRun();
    return at == null
        ? "no run of this pipeline has succeeded yet"
        : "the last run that succeeded began at " + MINUTE.format(at);
  }

  /** Describes the last snapshot; empty if there was none. */
  public static String snapshots(StatusOverview status) {
    return status.snapshots().stream()
        .findFirst()
        .map(
            s ->
                "the last at "
                    + MINUTE.format(s.startedAt())
                    + (s.exitCode() == null ? ", not ended" : ", exit " + s.exitCode())
                    + (s.problem() == null ? "" : ": " + s.problem()))
        .orElse("");
  }

  /** Describes the periods that were not over when they were measured, one line per report. */
  public static List<String> partial(StatusOverview status) {
    Map<String, StatusOverview.Span> newest = new LinkedHashMap<>();
    for (StatusOverview.Line line : status.lines()) {
      line.spans().stream()
          .filter(s -> s.state() == PeriodState.PROVISIONAL)
          .forEach(
              s -> newest.merge(line.report(), s, (a, b) -> b.last().isAfter(a.last()) ? b : a));
    }
    List<String> lines = new ArrayList<>();
    newest.forEach(
        (report, span) ->
            lines.add(
                report
                    + ": the period from "
                    + span.first()
                    + " is partial, since it is not over: measured to "
                    + span.last()));
    return lines;
  }

  /**
   * Describes the months and years of which the views leave out a number, since it is of another
   * time than the days; one line per period and report.
   */
  public static List<String> outdated(StatusOverview status) {
    return status.outdated().stream()
        .map(
            older ->
                older.report()
                    + " of "
                    + (older.sites().size() == 1
                        ? status.named(older.sites().get(0))
                        : count(older.sites().size(), "site"))
                    + ", "
                    + new StatusOverview.Gap(older.first(), older.last())
                    + ", is older than a change that "
                    + older.against()
                    + " has, so the views show no unique counts and durations of the whole that days"
                    + " cannot add up to; to fetch it again: "
                    + older.command())
        .toList();
  }

  private static String extent(StatusOverview.Extent extent) {
    return count(extent.periods(), "period")
        + " ("
        + count(extent.reports(), "report")
        + ", "
        + count(extent.sites(), "site")
        + ", "
        + extent.first()
        + " .. "
        + extent.last()
        + ")";
  }

  private static String count(long number, String what) {
    return Printer.number(number) + " " + what + (number == 1 ? "" : "s");
  }

  /** Describes why a stored number changed, to be appended to the number. */
  public static String because(@Nullable String reason) {
    return switch (String.valueOf(reason)) {
      case "source" -> ": Fathom reported another number";
      case "definition" -> ": the report's definition had been changed";
      case "zone" -> ": the site's time zone had been changed";
      case "unit" -> ": the unit or rounding of the rates had changed";
      case "storage" -> ": the stored rows had been changed after the export";
      default -> "";
    };
  }

  /** Summarises the status in one sentence. */
  public static String verdict(StatusOverview status) {
    if (status.lines().isEmpty()) {
      return "Nothing has been exported yet. Begin with: "
          + Program.command("run " + status.pipeline());
    }
    return status.sitesComplete()
        + " of "
        + status.sites()
        + (status.dueBy() == null
            ? " sites are complete to yesterday"
            : " sites are complete; what has ended since the last run is due by "
                + MINUTE.format(status.dueBy()))
        + (status.sitesComplete() == status.sites()
            ? marked(status).isEmpty()
                ? "."
                : "; what needs attention beside them is marked with ! below."
            : "; "
                + status.lines().stream().filter(StatusOverview.Line::attention).count()
                + " of "
                + status.lines().size()
                + " rows (each a report of a site) need attention.");
  }

  /** Describes the problems of a line in a few words; empty if there are none. */
  public static String matter(StatusOverview.Line line) {
    List<String> what = new ArrayList<>();
    if (line.retired()) {
      return "";
    }
    if (line.first() == null) {
      what.add("nothing stored");
    } else {
      add(what, line.late(), line.late() == 1 ? "day late" : "days late");
    }
    add(what, line.ahead(), line.ahead() == 1 ? "day not over" : "days not over");
    add(what, line.missing(), "missing");
    add(what, line.incomplete(), "incomplete");
    add(what, line.failed(), "failed");
    add(what, line.stale(), "stale");
    add(what, line.differing(), "different in the sinks");
    add(what, line.quarantined(), "quarantined");
    return String.join(", ", what);
  }

  /**
   * Describes why a row needs attention, as far as neither its gaps nor a failed attempt say so;
   * empty if they do, or if it needs none.
   */
  public static String reason(StatusOverview.Line line) {
    if (!line.attention()) {
      return "";
    }
    List<String> reasons = new ArrayList<>();
    if (line.first() == null) {
      reasons.add("no run has stored anything of it yet");
    }
    if (line.late() > 0) {
      reasons.add("nothing is stored after " + line.freshTo());
    }
    if (line.ahead() > 0) {
      reasons.add("stored to " + line.freshTo() + ", which is not over by this machine's clock");
    }
    if (line.incomplete() > 0 && line.problem() == null) {
      reasons.add("incomplete: " + spans(line, PeriodState.INCOMPLETE));
    }
    if (line.stale() > 0) {
      reasons.add(
          "stored under another definition or time zone: " + spans(line, PeriodState.STALE));
    }
    if (line.differing() > 0) {
      reasons.add("the sinks hold different rows");
    }
    if (line.quarantined() > 0) {
      reasons.add("rows could not be typed: see the quarantine");
    }
    return String.join("; ", reasons);
  }

  private static String spans(StatusOverview.Line line, PeriodState state) {
    List<StatusOverview.Span> spans =
        line.spans().stream().filter(s -> s.state() == state).toList();
    return spans.stream()
            .limit(SPANS)
            .map(s -> new StatusOverview.Gap(s.first(), s.last()).toString())
            .collect(Collectors.joining(", "))
        + (spans.size() > SPANS ? ", and " + (spans.size() - SPANS) + " more ranges" : "");
  }

  /** Describes the state of a line in a few words. */
  public static String state(StatusOverview.Line line) {
    if (line.retired()) {
      return "retired" + (line.freshTo() == null ? "" : ", last day " + line.freshTo());
    }
    String matter = matter(line);
    return matter.isEmpty() ? "complete" : "! " + matter;
  }

  private static void add(List<String> what, long count, String word) {
    if (count > 0) {
      what.add(Printer.number(count) + " " + word);
    }
  }
}
