package fathomexport.cli.command;

import fathomexport.cli.process.DayExpression;
import fathomexport.report.DayRange;
import fathomexport.run.Budget;
import fathomexport.run.Patience;
import java.time.Duration;
import java.time.LocalDate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The options that several commands have. */
final class CommandOptions {
  static final String PIPELINE = "Name of a file in pipelines/ without .yaml, or a path.";

  private CommandOptions() {}

  /** The option that makes a run wait where it would otherwise end. */
  static final class Waiting {
    @Option(
        names = "--wait",
        description =
            "Wait as long as necessary if the API asks to wait, if the quota is used up, or if the"
                + " API is down. Without it, waits of more than 15 minutes, and an API"
                + " that is down for longer than the settings' patience, end with exit code 75.")
    boolean wait;

    Patience patience() {
      return wait ? Patience.ENDLESS : Patience.LIMITED;
    }
  }

  /** The options that end an export early: the next one resumes where it ended. */
  static final class RunLimits {
    @Option(
        names = "--max-requests",
        paramLabel = "N",
        description =
            "Stop after N billed requests, including retries, with exit code 75. If there are"
                + " several accounts, each may send N requests.")
    @Nullable Long maxRequests;

    @Option(
        names = "--max-minutes",
        paramLabel = "N",
        description =
            "After N minutes, finish what is being fetched and begin nothing more; exit code 75, and the"
                + " next run continues.")
    @Nullable Long maxMinutes;

    /**
     * Returns the budget of the run.
     *
     * @throws ParameterException if a limit leaves room for nothing
     */
    Budget budget(CommandSpec command) {
      if ((maxRequests != null && maxRequests < 1) || (maxMinutes != null && maxMinutes < 1)) {
        throw new ParameterException(
            command.commandLine(), "--max-requests and --max-minutes must be 1 or more");
      }
      return new Budget(maxRequests, maxMinutes == null ? null : Duration.ofMinutes(maxMinutes));
    }
  }

  /** The options for a range of days, both ends included. */
  static final class Range {
    @Option(
        names = "--from",
        required = true,
        paramLabel = "DAY",
        description =
            "First day: a date as 2026-03-31, yesterday, -7d, a week as 2026-W10, or a month as"
                + " 2026-03. A week or month means its first day.")
    @Nullable DayExpression from;

    @Option(
        names = "--to",
        required = true,
        paramLabel = "DAY",
        description = "Last day, included, in the same forms. A week or month means its last day.")
    @Nullable DayExpression to;

    /**
     * Returns the days that are meant on this day.
     *
     * @throws ParameterException if the end lies before the beginning
     */
    DayRange days(CommandSpec spec, LocalDate today) {
      if (from == null || to == null) {
        throw new ParameterException(spec.commandLine(), "--from and --to belong together");
      }
      LocalDate first = from.first(today);
      LocalDate last = to.last(today);
      if (last.isBefore(first)) {
        throw new ParameterException(
            spec.commandLine(),
            "--to " + shown(to, last) + " lies before --from " + shown(from, first));
      }
      return new DayRange(first, last);
    }

    private static String shown(DayExpression written, LocalDate meant) {
      return written.toString().equals(meant.toString())
          ? "" + meant
          : written + ", " + meant + ",";
    }
  }
}
