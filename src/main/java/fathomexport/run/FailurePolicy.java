package fathomexport.run;

import fathomexport.api.Outcome;
import fathomexport.http.UnusableSettingsException;
import fathomexport.ledger.LedgerException;
import fathomexport.report.FileTrouble;
import fathomexport.report.SecretUnavailableException;
import fathomexport.sink.SinkException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Decides what a failure means, whichever step of a window it comes from: why the window was not
 * exported, which message describes it, and how much else fails with it. No other class decides
 * this.
 */
public final class FailurePolicy {
  private FailurePolicy() {}

  /** What else a failure ends. */
  public enum Reach {
    /** Only the window. */
    WINDOW,
    /** Every window of the report, because no sink accepts its rows any more. */
    REPORT,
    /** All remaining queries of the window's site for its report. */
    SITE_AND_REPORT,
    /** All remaining queries of the window's site. */
    SITE,
    /**
     * All remaining queries of the site's account: its token, its quota and its subscription are no
     * other account's.
     */
    ACCOUNT,
    /** The whole run: what remains would fail in the same way, and its requests would be billed. */
    RUN
  }

  /**
   * The meaning of one failure.
   *
   * @param message one line for people
   */
  public record Verdict(FailureKind kind, String message, Reach reach) {
    /** Returns the outcome of a window that failed in this way. */
    public WindowOutcome outcome(String window) {
      return WindowOutcome.failed(window, kind, message);
    }
  }

  /**
   * Returns the meaning of an exception, or of an error, that a step threw.
   *
   * @param aboutEvent whether the window is about an event; an event that does not exist implies
   *     nothing about its site
   */
  public static Verdict of(Throwable failure, boolean aboutEvent) {
    if (failure instanceof FetchFailedException fetch) {
      return of(fetch.failure(), aboutEvent);
    }
    if (failure instanceof ExportFailedException own) {
      return new Verdict(own.kind(), words(own), Reach.RUN);
    }
    if (failure instanceof UnusableSettingsException) {
      return new Verdict(FailureKind.CONFIGURATION, words(failure), Reach.RUN);
    }
    if (failure instanceof SecretUnavailableException) {
      return new Verdict(FailureKind.PERMISSION, words(failure), Reach.RUN);
    }
    if (failure instanceof SinkException sink) {
      return of(sink);
    }
    if (failure instanceof LedgerException) {
      return new Verdict(FailureKind.STORAGE, words(failure), Reach.RUN);
    }
    if (failure instanceof IOException
        || failure instanceof UncheckedIOException
        || fullDisk(failure).isPresent()) {
      return new Verdict(
          FailureKind.STORAGE, "cannot write rows to the disk: " + words(failure), Reach.RUN);
    }
    return new Verdict(
        FailureKind.FAULT, "internal error; please report it: " + failure, Reach.WINDOW);
  }

  /**
   * Does the work of a command. Converts the errors that prevent a command from starting into one
   * exception with an exit code.
   */
  public static <T> T guarded(RunEnvironment environment, Supplier<T> work) {
    WrongClockException.refuse(environment.time().instant());
    try {
      return work.get();
    } catch (SecretUnavailableException
        | UnusableSettingsException
        | SinkException
        | LedgerException e) {
      Verdict verdict = of(e, false);
      throw new ExportFailedException(verdict.kind(), verdict.message(), e);
    }
  }

  private static Verdict of(SinkException failure) {
    String words = words(failure);
    return switch (failure.kind()) {
      case UNAVAILABLE, UNKNOWN -> new Verdict(FailureKind.STORAGE, words, Reach.RUN);
      case REFUSED -> new Verdict(FailureKind.STORAGE, words, Reach.REPORT);
      case DAMAGED -> new Verdict(FailureKind.STORAGE, words, Reach.WINDOW);
      case DEFINITION -> new Verdict(FailureKind.CONFIGURATION, words, Reach.REPORT);
      case ACCESS -> new Verdict(FailureKind.PERMISSION, words, Reach.RUN);
      case SETTINGS -> new Verdict(FailureKind.CONFIGURATION, words, Reach.RUN);
      case SUPERSEDED -> new Verdict(FailureKind.TRY_LATER, words, Reach.RUN);
      case INTEGRITY -> new Verdict(FailureKind.FAULT, words, Reach.WINDOW);
    };
  }

  /**
   * Returns the meaning of a commit that failed in some sinks.
   *
   * @param elsewhere whether another sink accepted the rows; if so, the report continues for that
   *     sink
   */
  public static Verdict of(List<RuntimeException> failures, boolean elsewhere) {
    List<Verdict> verdicts = failures.stream().map(e -> of(e, false)).toList();
    Reach reach =
        verdicts.stream().map(Verdict::reach).max(Comparator.naturalOrder()).orElseThrow();
    return new Verdict(
        verdicts.stream().map(Verdict::kind).min(Comparator.naturalOrder()).orElseThrow(),
        verdicts.stream().map(Verdict::message).collect(Collectors.joining("; ")),
        reach == Reach.REPORT && !everyReports(verdicts, elsewhere) ? Reach.WINDOW : reach);
  }

  private static boolean everyReports(List<Verdict> verdicts, boolean elsewhere) {
    return !elsewhere && verdicts.stream().allMatch(v -> v.reach() == Reach.REPORT);
  }

  /** Returns the meaning of a failed query to the API. */
  public static Verdict of(Outcome.Failure<?> failure, boolean aboutEvent) {
    return new Verdict(kind(failure), failure.describe(), reach(failure, aboutEvent));
  }

  /** Returns why a query has no result. */
  public static FailureKind kind(Outcome.Failure<?> failure) {
    if (failure instanceof Outcome.Refused<?> refused) {
      return switch (refused.refusal()) {
        case CREDENTIALS, SUBSCRIPTION, PERMISSION, NOT_FOUND -> FailureKind.PERMISSION;
        case LIMIT, RANGE, PARAMETERS, OTHER -> FailureKind.CONFIGURATION;
      };
    }
    if (failure instanceof Outcome.Stopped) {
      return FailureKind.STOPPED;
    }
    if (failure instanceof Outcome.Spent) {
      return FailureKind.BUDGET;
    }
    if (failure instanceof Outcome.Misconfigured) {
      return FailureKind.CONFIGURATION;
    }
    return failure instanceof Outcome.Malformed<?> malformed && malformed.lasting()
        ? FailureKind.INCOMPLETE
        : FailureKind.TRY_LATER;
  }

  private static Reach reach(Outcome.Failure<?> failure, boolean aboutEvent) {
    if (failure instanceof Outcome.Refused<?> refused) {
      return switch (refused.refusal()) {
        case CREDENTIALS, SUBSCRIPTION -> Reach.ACCOUNT;
        case PERMISSION -> Reach.SITE;
        case NOT_FOUND -> aboutEvent ? Reach.WINDOW : Reach.SITE;
        case LIMIT, RANGE, PARAMETERS, OTHER -> Reach.WINDOW;
      };
    }
    if (failure instanceof Outcome.Unavailable<?> away) {
      return switch (away.cause()) {
        case DOWN, CLOSED -> Reach.ACCOUNT;
        case SITE_DOWN -> Reach.SITE;
        case RETRIES_SPENT -> Reach.SITE_AND_REPORT;
        case ATTEMPTS, INTERRUPTED, HELD -> Reach.WINDOW;
      };
    }
    if (failure instanceof Outcome.Misconfigured) {
      return Reach.RUN;
    }
    return failure instanceof Outcome.Spent ? Reach.ACCOUNT : Reach.WINDOW;
  }

  /**
   * Returns whether a query failed that was sent, or would have been if the site's earlier ones had
   * not failed. A closure that the API has announced is not such a failure.
   */
  public static boolean isFailedQuery(Exception failure) {
    return failure instanceof FetchFailedException fetch
        && (fetch.failure() instanceof Outcome.Malformed<?>
            || (fetch.failure() instanceof Outcome.Unavailable<?> away
                && away.cause() != Outcome.Unavailable.Cause.CLOSED));
  }

  /** Whether a failed query is sent again in the same run, after all others. */
  public enum Turn {
    /** No: it would fail in the same way. */
    NONE,
    /** Once more, because it used all attempts of its turn. */
    ITS_OWN,
    /** Without limit, because the API could not be queried at all. */
    FREE
  }

  /** Returns whether a failed query is sent again within the run. */
  public static Turn turn(Outcome.Failure<?> failure) {
    if (failure instanceof Outcome.Unavailable<?> away) {
      return switch (away.cause()) {
        case ATTEMPTS -> Turn.ITS_OWN;
        case INTERRUPTED, HELD -> Turn.FREE;
        default -> Turn.NONE;
      };
    }
    return failure instanceof Outcome.Malformed<?> malformed && !malformed.lasting()
        ? Turn.ITS_OWN
        : Turn.NONE;
  }

  /**
   * Returns the message of an exception. Mentions a full disk even if it is only the cause of the
   * exception, and what to do about it, because a person can remove that cause.
   */
  public static String words(Throwable failure) {
    String own = failure.getMessage();
    String message = own == null ? failure.toString() : own;
    String words =
        fullDisk(failure)
            .filter(full -> !message.contains(full))
            .map(full -> message + " (" + full + ")")
            .orElse(message);
    return FileTrouble.speaksOfFullDisk(words) && !words.contains(FileTrouble.MAKE_ROOM)
        ? words + " (" + FileTrouble.MAKE_ROOM + ")"
        : words;
  }

  /**
   * Returns the message of the first exception in the cause chain that reports a full disk, or
   * empty.
   */
  private static Optional<String> fullDisk(Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      String message = t.getMessage();
      if (message != null && FileTrouble.speaksOfFullDisk(message)) {
        return Optional.of(message);
      }
    }
    return Optional.empty();
  }
}
