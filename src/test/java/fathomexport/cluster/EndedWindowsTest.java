package fathomexport.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.Window;
import fathomexport.run.FailureKind;
import fathomexport.run.WindowOutcome;
import java.time.LocalDate;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Which days of a lane have ended. */
class EndedWindowsTest {
  private static Window window(String report, @Nullable String event, int first, int last) {
    return new Window(
        report, new Slice(new SiteId("LDNBOOKS"), event), DateGrouping.DAY, days(first, last));
  }

  private static DayRange days(int first, int last) {
    return new DayRange(LocalDate.of(2025, 9, first), LocalDate.of(2025, 9, last));
  }

  private static WindowOutcome ended(Window window) {
    return WindowOutcome.failed(window.toString(), FailureKind.STORAGE, "full").about(window, 1);
  }

  @Test
  void chunksAreAddedUpInWhicheverOrderTheyEnd() {
    EndedWindows ended = new EndedWindows();
    Window whole = window("traffic_daily", null, 1, 10);
    assertThat(ended.left(whole)).containsExactly(days(1, 10));
    ended.add(ended(window("traffic_daily", null, 4, 5)));
    ended.add(ended(window("traffic_daily", null, 8, 9)));
    assertThat(ended.left(whole)).containsExactly(days(1, 3), days(6, 7), days(10, 10));
    ended.add(ended(window("traffic_daily", null, 1, 3)));
    ended.add(ended(window("traffic_daily", null, 6, 12)));
    assertThat(ended.left(whole)).isEmpty();
  }

  @Test
  void otherReportsAndEventsAreLeft() {
    EndedWindows ended = new EndedWindows();
    ended.add(ended(window("sales_daily", "Sale", 1, 3)));
    assertThat(ended.left(window("sales_daily", "Sale", 1, 3))).isEmpty();
    for (Window other :
        List.of(window("sales_daily", "Signup", 1, 3), window("goals_daily", "Sale", 1, 3))) {
      assertThat(ended.left(other)).as("%s", other).containsExactly(days(1, 3));
    }
  }

  @Test
  void whatIsAboutNoWindowEndsNone() {
    EndedWindows ended = new EndedWindows();
    ended.add(WindowOutcome.failed("lane 1", FailureKind.PERMISSION, "no password"));
    assertThat(ended.left(window("traffic_daily", null, 1, 2))).containsExactly(days(1, 2));
  }

  /** What an attempt at a lane adds is not what all attempts have committed. */
  @Test
  void aCopyIsApart() {
    EndedWindows committed = new EndedWindows();
    committed.add(ended(window("traffic_daily", null, 1, 1)));
    EndedWindows copy = committed.copy();
    copy.add(ended(window("traffic_daily", null, 2, 2)));
    Window whole = window("traffic_daily", null, 1, 2);
    assertThat(copy.left(whole)).isEmpty();
    assertThat(committed.left(whole)).containsExactly(days(2, 2));
  }
}
