package fathomexport.cluster;

import fathomexport.run.FailureKind;
import fathomexport.run.WindowOutcome;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What ends a run, or the queries about one of its accounts.
 *
 * @param account null for the whole run
 * @param source the window that failed; empty if there is none
 */
record Halt(@Nullable String account, FailureKind kind, String source, String message) {
  private static final String RUN = "run";

  /** Apart from the failures: a run that ends because of one may still be stopped. */
  private static final String STOP = "stop";

  private static final String ACCOUNT = "account:";

  static Halt of(@Nullable String account, WindowOutcome reason) {
    return new Halt(
        account,
        Objects.requireNonNullElse(reason.failure(), FailureKind.FAULT),
        reason.window(),
        reason.message());
  }

  static Halt read(String reach, String kind, String source, String message) {
    return new Halt(
        reach.startsWith(ACCOUNT) ? reach.substring(ACCOUNT.length()) : null,
        FailureKind.valueOf(kind),
        source,
        message);
  }

  /** Returns what it ends, as the table names it. */
  String reach() {
    if (kind == FailureKind.STOPPED) {
      return STOP;
    }
    return account == null ? RUN : ACCOUNT + account;
  }

  WindowOutcome reason() {
    return WindowOutcome.failed(source, kind, message);
  }
}
