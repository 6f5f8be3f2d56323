package fathomexport.cli.output;

import fathomexport.inspect.PeriodState;
import fathomexport.inspect.StatusOverview;
import fathomexport.report.Program;
import fathomexport.run.FailureKind;
import fathomexport.run.MissingRange;
import fathomexport.run.NewSites;
import fathomexport.run.UnlistedSite;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The texts about a status that the terminal and the page share. */
public final class StatusWords {
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
    lines.addAll(SinkWords.sinks(status));
    lines.addAll(SinkWords.verified(status));
    lines.addAll(leftOut(status));
    lines.addAll(status.unstored());
    lines.addAll(ahead(status));
    lines.addAll(
        RunWords.failedRuns(
            status, run -> Objects.equals(run.exitCode(), FailureKind.INCOMPLETE.exitCode())));
    return lines;
  }

  /** Describes the files that cannot be read, each with what to do about it. */
  public static List<String> damaged(StatusOverview status) {
    return status.damaged().stream().map(damaged -> "damaged: " + damaged).toList();
  }

  /** Returns whether anything needs attention, or nothing was ever exported. */
  public static boolean needsAttention(StatusOverview status) {
    return isNothingExported(status)
        || status.lines().stream().anyMatch(StatusOverview.Line::attention)
        || !marked(status).isEmpty();
  }

  /** Returns whether no run has stored anything, nor found that there is nothing to store. */
  private static boolean isNothingExported(StatusOverview status) {
    return status.lines().isEmpty() && status.sites() == 0;
  }

  /** Describes the sites that are new, with the commands that fetch their history. */
  public static List<String> newSites(StatusOverview status) {
    NewSites sites = status.newSites();
    return sites == null ? List.of() : RunPrinting.newSites(status.pipeline(), sites);
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
   * time than the days, and the days of which two reports have numbers of two times; one line per
   * period and report.
   */
  public static List<String> outdated(StatusOverview status) {
    return status.outdated().stream()
        .map(
            older ->
                older.report()
                    + " of "
                    + (older.sites().size() == 1
                        ? status.named(older.sites().get(0))
                        : Printer.count(older.sites().size(), "site"))
                    + ", "
                    + new StatusOverview.Gap(older.first(), older.last())
                    + (older.ofDays()
                        ? ", has days with other pageviews than "
                            + older.against()
                            + ", which was fetched at another time, so sums of the two differ; to"
                            + " fetch them again: "
                        : ", is older than a change that "
                            + older.against()
                            + " has, so the views show no unique counts and durations of the whole"
                            + " that days cannot add up to; to fetch it again: ")
                    + older.command())
        .toList();
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
    if (isNothingExported(status) && status.unstored().isEmpty() && status.lastGoodRun() != null) {
      return "Nothing is exported: the run of "
          + RunWords.MINUTE.format(status.lastGoodRun())
          + " succeeded and found no site. What the token lists: "
          + Program.command("sites");
    }
    if (isNothingExported(status)) {
      return "Nothing has been exported yet. Begin with: "
          + Program.command("run " + status.pipeline());
    }
    return status.sitesComplete()
        + " of "
        + status.sites()
        + (status.dueBy() == null
            ? " sites are complete to yesterday"
            : (status.lastGoodRun() == null
                    ? " sites are complete; what has ended and is not stored yet is due by "
                    : " sites are complete; what has ended since the last run is due by ")
                + RunWords.MINUTE.format(status.dueBy()))
        + attention(status);
  }

  private static String attention(StatusOverview status) {
    long wanting = status.lines().stream().filter(StatusOverview.Line::attention).count();
    if (wanting > 0) {
      return "; "
          + wanting
          + " of "
          + status.lines().size()
          + " rows (each a report of a site) need attention.";
    }
    if (marked(status).isEmpty()) {
      return ".";
    }
    return status.sitesComplete() == status.sites()
        ? "; what needs attention beside them is marked with ! below."
        : "; what needs attention is marked with ! below.";
  }
}
