package fathomexport.cli.output;

import fathomexport.inspect.StatusOverview;
import fathomexport.run.FailureKind;
import fathomexport.run.Left;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** The texts about the runs of a pipeline. */
public final class RunWords {
  /** A line names the quotas of at most so many accounts. */
  private static final int ACCOUNTS = 5;

  static final DateTimeFormatter MINUTE =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'", Locale.ROOT).withZone(ZoneOffset.UTC);

  /** How long what a backfill has left is mentioned: after that, it was given up. */
  private static final Duration REMEMBERED = Duration.ofDays(7);

  private RunWords() {}

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
                    + Printer.count(r.windowsCommitted(), "window")
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

  /** Says how a run without an exit code stands. */
  static String end(StatusOverview.Run run) {
    return isKilled(run) ? "killed" : "not ended";
  }

  /**
   * Describes the runs of the pipeline that failed, were killed or could not begin since the last
   * one that succeeded; newest first.
   */
  public static List<String> failedRuns(StatusOverview status) {
    return failedRuns(status, run -> true);
  }

  /** Describes those of them that a condition is true of. */
  static List<String> failedRuns(StatusOverview status, Predicate<StatusOverview.Run> which) {
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

  /** Describes the quota, of several accounts that of each. */
  public static String quota(StatusOverview.Usage usage) {
    Map<String, Integer> quotas = usage.quotas();
    if (quotas.size() < 2) {
      return usage.requestsPerMinute() + " a minute";
    }
    if (new HashSet<>(quotas.values()).size() == 1) {
      return quotas.values().iterator().next()
          + " a minute for each of the "
          + quotas.size()
          + " accounts";
    }
    return quotas.entrySet().stream()
            .limit(ACCOUNTS)
            .map(e -> e.getValue() + " a minute for account " + e.getKey())
            .collect(Collectors.joining(", "))
        + (quotas.size() > ACCOUNTS ? ", and so on" : "");
  }

  /** Returns what each of several accounts is billed for, or nothing if that is not known. */
  public static String byAccount(StatusOverview.Usage usage) {
    Map<String, Long> requests = usage.requestsThisMonthByAccount();
    return usage.quotas().size() < 2 || requests.isEmpty()
        ? ""
        : "this month by account: "
            + requests.entrySet().stream()
                .map(e -> e.getKey() + " " + Printer.number(e.getValue()))
                .collect(Collectors.joining(", "));
  }
}
