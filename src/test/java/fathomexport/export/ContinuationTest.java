package fathomexport.export;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.plan.Mode;
import fathomexport.report.DayRange;
import fathomexport.run.Budget;
import fathomexport.run.ExportJob;
import fathomexport.testing.TestReports;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ContinuationTest {
  private static final Instant BEGUN = Instant.parse("2026-06-20T03:04:05.678901Z");
  private static final DayRange JUNE =
      new DayRange(LocalDate.of(2026, 6, 1), LocalDate.of(2026, 6, 30));
  private static final String OF_JUNE = "backfill nightly --from 2026-06-01 --to 2026-06-30";
  private static final ExportJob JOB =
      new ExportJob("nightly", List.of(TestReports.traffic()), Optional.empty(), 3, true, false);

  private static String of(Mode mode, Budget budget) {
    return Continuation.of(JOB, mode, budget, BEGUN);
  }

  @Test
  void aRunNeedsNone() {
    assertThat(of(new Mode.Nightly(3, false), Budget.UNLIMITED)).isEmpty();
  }

  @Test
  void aBackfillIsContinuedByTheSameCommand() {
    assertThat(of(new Mode.Backfill(JUNE, false, true), Budget.UNLIMITED)).isEqualTo(OF_JUNE);
    assertThat(of(new Mode.Backfill(JUNE, false, false), new Budget(7L, Duration.ofMinutes(9))))
        .isEqualTo(OF_JUNE + " --oldest-first --max-requests 7 --max-minutes 9");
  }

  @Test
  void aForcedBackfillDoesNotFetchTwiceWhatItHasFetched() {
    assertThat(of(new Mode.Backfill(JUNE, true, true), Budget.UNLIMITED))
        .isEqualTo(OF_JUNE + " --force --fetched-before 2026-06-20T03:04:05.678Z");
  }

  @Test
  void aContinuedOneKeepsTheTimeOfTheFirst() {
    Instant first = Instant.parse("2026-06-19T00:00:00Z");
    assertThat(of(new Mode.Backfill(JUNE, true, first, true), Budget.UNLIMITED))
        .isEqualTo(OF_JUNE + " --force --fetched-before 2026-06-19T00:00:00Z");
  }
}
