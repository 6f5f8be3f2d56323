package fathomexport.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import fathomexport.api.Outcome;
import fathomexport.api.Outcome.Unavailable.Cause;
import fathomexport.api.answer.Refusal;
import fathomexport.ledger.LedgerException;
import fathomexport.report.SecretUnavailableException;
import fathomexport.run.FailurePolicy.Reach;
import fathomexport.sink.SinkException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The one table of what a failure means: why, in which words, and how far it reaches. */
class FailurePolicyTest {

  private static Exception refused(int status, Refusal refusal) {
    return new FetchFailedException(new Outcome.Refused<>(status, refusal, "the words", false));
  }

  private static Exception sink(SinkException.Kind kind) {
    return new SinkException(kind, "the words", null);
  }

  static Stream<Arguments> table() {
    return Stream.of(
        arguments(refused(401, Refusal.CREDENTIALS), false, FailureKind.PERMISSION, Reach.ACCOUNT),
        arguments(refused(402, Refusal.SUBSCRIPTION), false, FailureKind.PERMISSION, Reach.ACCOUNT),
        arguments(refused(403, Refusal.PERMISSION), false, FailureKind.PERMISSION, Reach.SITE),
        arguments(refused(404, Refusal.NOT_FOUND), false, FailureKind.PERMISSION, Reach.SITE),
        arguments(refused(404, Refusal.NOT_FOUND), true, FailureKind.PERMISSION, Reach.WINDOW),
        arguments(refused(403, Refusal.PERMISSION), true, FailureKind.PERMISSION, Reach.SITE),
        arguments(refused(400, Refusal.RANGE), false, FailureKind.CONFIGURATION, Reach.WINDOW),
        arguments(refused(422, Refusal.PARAMETERS), false, FailureKind.CONFIGURATION, Reach.WINDOW),
        arguments(refused(302, Refusal.OTHER), false, FailureKind.CONFIGURATION, Reach.WINDOW),
        arguments(
            new FetchFailedException(new Outcome.Stopped<>()),
            false,
            FailureKind.STOPPED,
            Reach.WINDOW),
        arguments(
            new FetchFailedException(new Outcome.Spent<>(10)),
            false,
            FailureKind.BUDGET,
            Reach.ACCOUNT),
        arguments(
            new FetchFailedException(new Outcome.Malformed<>("the words", true)),
            false,
            FailureKind.INCOMPLETE,
            Reach.WINDOW),
        arguments(
            new FetchFailedException(new Outcome.Malformed<>("the words", false)),
            false,
            FailureKind.TRY_LATER,
            Reach.WINDOW),
        arguments(
            new FetchFailedException(new Outcome.Unavailable<>("the words", Cause.ATTEMPTS)),
            false,
            FailureKind.TRY_LATER,
            Reach.WINDOW),
        arguments(
            new FetchFailedException(new Outcome.Unavailable<>("the words", Cause.INTERRUPTED)),
            false,
            FailureKind.TRY_LATER,
            Reach.WINDOW),
        arguments(
            new FetchFailedException(new Outcome.Unavailable<>("the words", Cause.RETRIES_SPENT)),
            false,
            FailureKind.TRY_LATER,
            Reach.SITE_AND_REPORT),
        arguments(
            new FetchFailedException(new Outcome.Unavailable<>("the words", Cause.HELD)),
            false,
            FailureKind.TRY_LATER,
            Reach.WINDOW),
        arguments(
            new FetchFailedException(new Outcome.Unavailable<>("the words", Cause.SITE_DOWN)),
            false,
            FailureKind.TRY_LATER,
            Reach.SITE),
        arguments(
            new FetchFailedException(new Outcome.Unavailable<>("the words", Cause.DOWN)),
            false,
            FailureKind.TRY_LATER,
            Reach.ACCOUNT),
        arguments(
            new FetchFailedException(new Outcome.Unavailable<>("the words", Cause.CLOSED)),
            false,
            FailureKind.TRY_LATER,
            Reach.ACCOUNT),
        arguments(
            new FetchFailedException(new Outcome.Misconfigured<>("the words")),
            false,
            FailureKind.CONFIGURATION,
            Reach.RUN),
        arguments(sink(SinkException.Kind.UNAVAILABLE), false, FailureKind.STORAGE, Reach.RUN),
        arguments(sink(SinkException.Kind.UNKNOWN), false, FailureKind.STORAGE, Reach.RUN),
        arguments(
            sink(SinkException.Kind.DEFINITION), false, FailureKind.CONFIGURATION, Reach.REPORT),
        arguments(sink(SinkException.Kind.REFUSED), false, FailureKind.STORAGE, Reach.REPORT),
        arguments(sink(SinkException.Kind.DAMAGED), false, FailureKind.STORAGE, Reach.WINDOW),
        arguments(sink(SinkException.Kind.ACCESS), false, FailureKind.PERMISSION, Reach.RUN),
        arguments(sink(SinkException.Kind.SETTINGS), false, FailureKind.CONFIGURATION, Reach.RUN),
        arguments(sink(SinkException.Kind.SUPERSEDED), false, FailureKind.TRY_LATER, Reach.RUN),
        arguments(sink(SinkException.Kind.INTEGRITY), false, FailureKind.FAULT, Reach.WINDOW),
        arguments(new LedgerException("the words", null), false, FailureKind.STORAGE, Reach.RUN),
        arguments(
            new SecretUnavailableException("the words", null),
            false,
            FailureKind.PERMISSION,
            Reach.RUN),
        arguments(
            new ExportFailedException(FailureKind.CONFIGURATION, "the words", null),
            false,
            FailureKind.CONFIGURATION,
            Reach.RUN),
        arguments(new IOException("the words"), false, FailureKind.STORAGE, Reach.RUN),
        arguments(
            new UncheckedIOException(new IOException("the words")),
            false,
            FailureKind.STORAGE,
            Reach.RUN),
        arguments(new IllegalStateException("the words"), false, FailureKind.FAULT, Reach.WINDOW),
        arguments(new NullPointerException(), false, FailureKind.FAULT, Reach.WINDOW),
        arguments(
            new IllegalStateException(
                "a library", new IOException("/spill/rows: No space left on device")),
            false,
            FailureKind.STORAGE,
            Reach.RUN));
  }

  @ParameterizedTest(name = "{0} (an event''s: {1}) is {2} and ends the {3}")
  @MethodSource("table")
  void aFailureHasOneMeaning(Exception failure, boolean event, FailureKind kind, Reach reach) {
    FailurePolicy.Verdict verdict = FailurePolicy.of(failure, event);

    assertThat(verdict.kind()).isEqualTo(kind);
    assertThat(verdict.reach()).isEqualTo(reach);
    assertThat(verdict.message()).isNotBlank();
    if (String.valueOf(failure.getMessage()).contains("the words")) {
      assertThat(verdict.message()).contains("the words");
    }
  }

  @Test
  void aFullDiskIsNamedWhateverExceptionCameLast() {
    Exception failure =
        new SinkException(
            SinkException.Kind.UNAVAILABLE,
            "cannot commit a window to /warehouse",
            new IllegalStateException(
                "the writer is closed", new IOException("No space left on device")));

    assertThat(FailurePolicy.of(failure, false).message())
        .isEqualTo(
            "cannot commit a window to /warehouse (No space left on device) (make room there)");
  }

  @Test
  void aFullDiskIsNotNamedTwice() {
    Exception failure = new IOException("/spill/rows: No space left on device");

    assertThat(FailurePolicy.of(failure, false).message())
        .isEqualTo(
            "cannot write rows to the disk: /spill/rows: No space left on device (make room there)");
  }

  /** What one sink of two has failed at, and what both have. */
  static Stream<Arguments> commits() {
    RuntimeException refused = new SinkException(SinkException.Kind.REFUSED, "no rows", null);
    RuntimeException damaged = new SinkException(SinkException.Kind.DAMAGED, "a file", null);
    RuntimeException away = new SinkException(SinkException.Kind.UNAVAILABLE, "away", null);
    return Stream.of(
        arguments(List.of(refused), true, Reach.WINDOW),
        arguments(List.of(refused), false, Reach.REPORT),
        arguments(List.of(refused, refused), false, Reach.REPORT),
        arguments(List.of(refused, damaged), false, Reach.WINDOW),
        arguments(List.of(damaged), true, Reach.WINDOW),
        arguments(List.of(damaged, away), false, Reach.RUN),
        arguments(List.of(away), true, Reach.RUN));
  }

  @ParameterizedTest
  @MethodSource("commits")
  void aReportEndsWhenNoSinkTakesIt(
      List<RuntimeException> failures, boolean elsewhere, Reach reach) {
    FailurePolicy.Verdict verdict = FailurePolicy.of(failures, elsewhere);

    assertThat(verdict.reach()).isEqualTo(reach);
    failures.forEach(e -> assertThat(verdict.message()).contains(e.getMessage()));
  }

  @Test
  void anInternalErrorSaysThatItIsOne() {
    assertThat(FailurePolicy.of(new NullPointerException(), false).message())
        .isEqualTo("internal error; please report it: java.lang.NullPointerException");
  }

  static Stream<Arguments> queries() {
    return Stream.concat(
        Stream.of(Cause.values())
            .map(
                cause ->
                    arguments(
                        new FetchFailedException(new Outcome.Unavailable<>("the words", cause)),
                        cause != Cause.CLOSED)),
        Stream.of(
            arguments(new FetchFailedException(new Outcome.Malformed<>("the words", false)), true),
            arguments(new FetchFailedException(new Outcome.Stopped<>()), false),
            arguments(new FetchFailedException(new Outcome.Spent<>(10)), false),
            arguments(refused(400, Refusal.RANGE), false),
            arguments(sink(SinkException.Kind.SUPERSEDED), false),
            // Words alone do not make a failed query.
            arguments(new LedgerException(Outcome.UNAVAILABLE + "the words", null), false)));
  }

  @ParameterizedTest
  @MethodSource("queries")
  void aFailedQueryIsRecognisedByItsKind(Exception failure, boolean failedQuery) {
    assertThat(FailurePolicy.isFailedQuery(failure)).isEqualTo(failedQuery);
  }
}
