package fathomexport.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Parts of a run add up to the same, in whatever order and groups a runner adds them. */
class RunSummaryProperties {
  @Provide
  Arbitrary<WindowOutcome> outcomes() {
    return Combinators.combine(
            Arbitraries.integers().between(0, 999),
            Arbitraries.of(FailureKind.class).injectNull(0.4),
            Arbitraries.of(true, false),
            Arbitraries.integers().between(0, 3),
            Arbitraries.longs().between(0, 9000))
        .as(
            (n, failure, committed, changed, rows) ->
                new WindowOutcome(
                    "w" + n,
                    failure,
                    failure == null ? "" : "words " + n,
                    committed,
                    changed,
                    rows,
                    rows % 3));
  }

  @Provide
  Arbitrary<RunSummary> summaries() {
    return outcomes().list().ofMaxSize(150).map(RunSummaryProperties::sum);
  }

  private static RunSummary sum(List<WindowOutcome> outcomes) {
    RunSummary sum = RunSummary.EMPTY;
    for (WindowOutcome outcome : outcomes) {
      sum = sum.plus(RunSummary.of(outcome));
    }
    return sum;
  }

  @Property(tries = 100)
  void addsUpInAnyOrder(
      @ForAll("summaries") RunSummary a,
      @ForAll("summaries") RunSummary b,
      @ForAll("summaries") RunSummary c) {
    assertThat(a.plus(b).plus(c)).isEqualTo(a.plus(b.plus(c)));
    assertThat(a.plus(b)).isEqualTo(b.plus(a));
    assertThat(a.plus(RunSummary.EMPTY)).isEqualTo(a);
    assertThat(RunSummary.sum(List.of(c, a, b))).isEqualTo(a.plus(b).plus(c));
    assertThat(a.plus(b).plus(c).messages()).hasSizeLessThanOrEqualTo(200).isSorted();
  }

  @Property(tries = 200)
  void theExitCodeIsThatOfTheFirstReasonThatApplies(@ForAll("summaries") RunSummary sum) {
    int expected = 0;
    for (int code : new int[] {143, 65, 75, 74, 70, 77, 78}) {
      for (FailureKind kind : FailureKind.values()) {
        if (kind.exitCode() == code && sum.failed(kind) > 0) {
          expected = code;
        }
      }
    }
    assertThat(sum.exitCode()).isEqualTo(expected);
  }

  @Example
  void countsWhatBecameOfAWindow() {
    RunSummary sum =
        sum(
            List.of(
                new WindowOutcome("a", null, "", true, 2, 10, 0),
                new WindowOutcome("b", null, "", true, 0, 5, 0),
                new WindowOutcome("c", FailureKind.INCOMPLETE, "one row", true, 1, 3, 1),
                WindowOutcome.failed("d", FailureKind.TRY_LATER, "down")));
    assertThat(sum.troubledSites()).isEmpty();
    assertThat(sum.committed()).isEqualTo(3);
    assertThat(sum.unchanged()).isEqualTo(1);
    assertThat(sum.rows()).isEqualTo(18);
    assertThat(sum.quarantined()).isEqualTo(1);
    assertThat(sum.messages()).containsExactly("c: one row", "d: down");
    assertThat(sum.exitCode()).isEqualTo(75);
    assertThat(RunSummary.EMPTY.exitCode()).isZero();
  }

  @Example
  void countsWhatARunLeftApartFromWhatFailed() {
    RunSummary sum =
        sum(
            List.of(
                WindowOutcome.failed("a", FailureKind.TRY_LATER, "down"),
                WindowOutcome.failed("b", FailureKind.TRY_LATER, WindowOutcome.HALTED + ": down"),
                WindowOutcome.failed("c", FailureKind.FAULT, WindowOutcome.LANE_ENDED + ": lost"),
                WindowOutcome.failed("d", FailureKind.BUDGET, "the run's budget is used up"),
                WindowOutcome.failed(
                    "e", FailureKind.PERMISSION, "not fetched, since the site is refused"),
                failedAndThenHalted()));
    assertThat(sum.left()).as("b, c, d").isEqualTo(3);
    assertThat(sum.exitCode()).as("a reason that left windows counts").isEqualTo(77);
    assertThat(RunSummary.sum(List.of(sum, sum)).left()).isEqualTo(6);
  }

  /** A window of which a chunk failed before the run was halted. */
  private static WindowOutcome failedAndThenHalted() {
    return WindowOutcome.failed("f", FailureKind.TRY_LATER, WindowOutcome.HALTED + ": down")
        .as(new WindowOutcome.ChunkPlace(true, false, false, FailureKind.TRY_LATER));
  }
}
