package fathomexport.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.inspect.StatusOverview;
import fathomexport.run.Left;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Which of the newest runs a person has to know of. */
class RunWordsTest {
  private static final Instant NOW = Instant.parse("2026-06-20T12:00:00Z");
  private static final String LEFT = new Left(12, 20, 2, "").words();

  private static StatusOverview.Run run(
      String pipeline,
      String command,
      Duration ago,
      @Nullable Integer exitCode,
      @Nullable String problem,
      @Nullable String continuation) {
    return new StatusOverview.Run(
        "id",
        pipeline,
        command,
        NOW.minus(ago),
        null,
        exitCode,
        null,
        40,
        28,
        0,
        0,
        100,
        0,
        0,
        9,
        problem,
        continuation);
  }

  private static StatusOverview.Run run(
      String command, int hoursAgo, @Nullable Integer exitCode, @Nullable String problem) {
    return run("nightly", command, Duration.ofHours(hoursAgo), exitCode, problem, null);
  }

  private static StatusOverview status(StatusOverview.Run... newestFirst) {
    return new StatusOverview(
        NOW,
        "nightly",
        1,
        1,
        null,
        null,
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        Arrays.asList(newestFirst),
        List.of(),
        new StatusOverview.Usage("counted", 0, 0, 0L, 10, List.of(), Map.of(), Map.of()),
        List.of(),
        List.of(),
        null,
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        null,
        null,
        List.of(),
        Map.of(),
        Map.of());
  }

  private static String quota(Map<String, Integer> quotas) {
    int sum = quotas.values().stream().mapToInt(n -> n).sum();
    return RunWords.quota(
        new StatusOverview.Usage(
            "counted", 0, 0, 0L, Math.max(10, sum), List.of(), quotas, Map.of()));
  }

  @Test
  void theQuotaIsThatOfEachAccount() {
    assertThat(quota(Map.of())).isEqualTo("10 a minute");
    assertThat(quota(Map.of("agency", 1_000, "shop", 1_000)))
        .isEqualTo("1000 a minute for each of the 2 accounts");
    assertThat(quota(new TreeMap<>(Map.of("agency", 10, "shop", 5))))
        .isEqualTo("10 a minute for account agency, 5 a minute for account shop");
  }

  @Test
  void failuresAreShownBackToTheLastRunThatSucceeded() {
    assertThat(
            RunWords.failedRuns(
                status(
                    run("run", 1, 74, "the disk is full"),
                    run("run", 2, 75, "the API is down"),
                    run("run", 3, 0, null),
                    run("run", 4, 77, "the token is wrong"))))
        .containsExactly(
            "run of 2026-06-20 11:00 UTC (exit 74): the disk is full",
            "run of 2026-06-20 10:00 UTC (exit 75): the API is down");
  }

  @Test
  void aCommandThatHasSucceededSinceHasSettledItsOwnFailuresOnly() {
    assertThat(
            RunWords.failedRuns(
                status(
                    run("backfill", 1, 0, null),
                    run("run", 2, 74, "the disk is full"),
                    run("backfill", 3, 75, "the API is down"))))
        .containsExactly("run of 2026-06-20 10:00 UTC (exit 74): the disk is full");
  }

  @Test
  void whatALaterRunHasTakenUpIsNotShownAgain() {
    assertThat(
            RunWords.failedRuns(
                status(run("run", 1, 75, LEFT), run("run", 2, 75, LEFT), run("run", 3, 74, "x"))))
        .containsExactly(
            "run of 2026-06-20 11:00 UTC (exit 75): " + LEFT,
            "run of 2026-06-20 09:00 UTC (exit 74): x");
  }

  @Test
  void whatAVerificationFoundIsKnownPeriodByPeriod() {
    assertThat(
            RunWords.failedRuns(
                status(
                    run("verify", 1, 65, "differs"), run("verify --site A", 2, 75, "no answer"))))
        .containsExactly("verify --site A of 2026-06-20 10:00 UTC (exit 75): no answer");
  }

  @Test
  void runsOfOtherPipelinesAreNot() {
    StatusOverview status =
        status(run("hourly", "run", Duration.ofHours(1), 74, "the disk is full", null));
    assertThat(RunWords.failedRuns(status)).isEmpty();
    assertThat(RunWords.notEnded(status)).isEmpty();
    assertThat(RunWords.left(status)).isEmpty();
  }

  @Test
  void aRunWithoutAnEndIsInProgressOrKilled() {
    assertThat(
            RunWords.notEnded(
                status(run("nightly", "backfill", Duration.ofHours(1), null, null, "do this"))))
        .containsExactly(
            "backfill of 2026-06-20 11:00 UTC has not ended: it is in progress, or it was killed;"
                + " 28 windows are stored so far; if it was killed, continue with: do this");
    assertThat(RunWords.end(run("run", 1, null, null))).isEqualTo("not ended");
    assertThat(RunWords.end(run("run", 1, null, "it was killed"))).isEqualTo("killed");
  }

  @Test
  void whatABackfillHasLeftIsShownAlthoughARunHasSucceededSince() {
    StatusOverview.Run left =
        run("nightly", "backfill", Duration.ofDays(2), 75, LEFT, "backfill nightly ...");
    assertThat(RunWords.left(status(run("run", 1, 0, null), left)))
        .containsExactly(
            "backfill of 2026-06-18 12:00 UTC (exit 75): "
                + LEFT
                + "; continue with: backfill nightly ...");
    // Without a success it is among the failures already.
    assertThat(RunWords.left(status(run("run", 1, 74, "x"), left))).isEmpty();
    // A later backfill has taken it up.
    assertThat(RunWords.left(status(run("run", 1, 0, null), run("backfill", 2, 0, null), left)))
        .isEmpty();
  }

  @Test
  void aBackfillIsGivenUpAfterAWeek() {
    assertThat(
            RunWords.left(
                status(
                    run("run", 1, 0, null),
                    run("nightly", "backfill", Duration.ofDays(8), 75, LEFT, "..."))))
        .isEmpty();
  }
}
