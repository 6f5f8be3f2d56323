package fathomexport.cost;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.certify.PeriodTotals;
import fathomexport.fetch.control.ControlBook;
import fathomexport.plan.FetchTask;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Field;
import fathomexport.report.Report;
import fathomexport.testing.TestReports;
import fathomexport.testing.TestTasks;
import java.time.Instant;
import java.time.LocalDate;
import org.junit.jupiter.api.Test;

/** Each control is queried once: by the first task that needs it, and not if it is known. */
class AskedControlsTest {
  private static final LocalDate DAY = LocalDate.of(2026, 6, 1);

  private static FetchTask task(String name, String site, int days, Field... fields) {
    Report report = TestReports.pageviews(name, DateGrouping.DAY, fields);
    return TestTasks.of(site, report, new DayRange(DAY, DAY.plusDays(days - 1L)));
  }

  @Test
  void theFirstTaskOfASliceQueriesTheControlForAll() {
    AskedControls controls = new AskedControls(new ControlBook());
    assertThat(controls.asks(task("pages", "A", 3, Field.PATHNAME))).isTrue();
    assertThat(controls.asks(task("browsers", "A", 3, Field.BROWSER))).isFalse();
    assertThat(controls.asks(task("browsers", "B", 3, Field.BROWSER))).as("a site").isTrue();
    assertThat(controls.asks(task("longer", "A", 4, Field.BROWSER))).as("a day more").isTrue();
  }

  /** The rows of a report without fields are the control totals of the others. */
  @Test
  void aTaskWithoutFieldsIsTheControlOfTheOthers() {
    AskedControls controls = new AskedControls(new ControlBook());
    assertThat(controls.asks(task("traffic", "A", 3))).isFalse();
    assertThat(controls.asks(task("pages", "A", 3, Field.PATHNAME))).isFalse();
  }

  @Test
  void aControlThatIsKnownIsNotQueried() {
    FetchTask task = task("pages", "A", 3, Field.PATHNAME);
    ControlBook known = new ControlBook();
    known.put(task.control(), task.days(), new PeriodTotals(), Instant.EPOCH);
    assertThat(new AskedControls(known).asks(task)).isFalse();
  }
}
