package fathomexport.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.inspect.PeriodState;
import fathomexport.inspect.StatusOverview;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LineWordsTest {
  private static final LocalDate FIRST = LocalDate.of(2026, 6, 1);

  private long late;
  private long incomplete;
  private long stale;
  private long quarantined;
  private @Nullable String problem;
  private boolean isRetired;
  private @Nullable LocalDate freshTo = FIRST.plusDays(9);
  private final List<StatusOverview.Span> spans = new ArrayList<>();

  private StatusOverview.Line line() {
    return new StatusOverview.Line(
        "traffic_daily",
        "day",
        "CDBUGS",
        null,
        freshTo == null ? null : FIRST,
        freshTo,
        freshTo == null ? null : 1L,
        late,
        0,
        null,
        10,
        0,
        incomplete,
        0,
        0,
        0,
        stale,
        0,
        0,
        100,
        quarantined,
        0,
        problem,
        List.of(),
        spans,
        isRetired);
  }

  private void span(PeriodState state, int from, int to) {
    spans.add(new StatusOverview.Span(FIRST.plusDays(from), FIRST.plusDays(to), state));
  }

  @Test
  void aLineWithoutProblemsIsComplete() {
    assertThat(LineWords.state(line())).isEqualTo("complete");
    assertThat(LineWords.reason(line())).isEmpty();
  }

  @Test
  void everyProblemIsNamed() {
    late = 1;
    incomplete = 2;
    quarantined = 3;
    span(PeriodState.INCOMPLETE, 3, 4);
    assertThat(LineWords.state(line())).isEqualTo("! 1 day late, 2 incomplete, 3 quarantined");
    assertThat(LineWords.reason(line()))
        .isEqualTo(
            "nothing is stored after 2026-06-10; incomplete: 2026-06-04 .. 2026-06-05; rows could"
                + " not be typed: see the quarantine");
  }

  @Test
  void aFailedAttemptSaysItselfWhyAPeriodIsIncomplete() {
    incomplete = 1;
    problem = "2026-06-04: the API was down";
    span(PeriodState.INCOMPLETE, 3, 3);
    assertThat(LineWords.reason(line())).isEmpty();
  }

  @Test
  void ofManyRangesThreeAreNamed() {
    stale = 5;
    for (int day = 0; day < 10; day += 2) {
      span(PeriodState.STALE, day, day);
      span(PeriodState.CERTIFIED, day + 1, day + 1);
    }
    assertThat(LineWords.reason(line()))
        .isEqualTo(
            "stored under another definition or time zone: 2026-06-01, 2026-06-03, 2026-06-05, and"
                + " 2 more ranges");
  }

  @Test
  void nothingIsLateOfWhatIsRetired() {
    isRetired = true;
    late = 4;
    assertThat(LineWords.state(line())).isEqualTo("retired, last day 2026-06-10");
    assertThat(LineWords.reason(line())).isEmpty();
  }

  @Test
  void aLineOfWhichNothingIsStoredSaysSo() {
    freshTo = null;
    assertThat(LineWords.state(line())).isEqualTo("! nothing stored");
    assertThat(LineWords.reason(line())).isEqualTo("no run has stored anything of it yet");
  }
}
