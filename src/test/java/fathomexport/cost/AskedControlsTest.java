package fathomexport.cost;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.certify.PeriodTotals;
import fathomexport.fetch.control.ControlBook;
import fathomexport.plan.ControlQuery;
import fathomexport.plan.FetchTask;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Field;
import fathomexport.report.QueryShape;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.testing.TestReports;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Each control is queried once: by the first task that needs it, and not if it is known. */
class AskedControlsTest {
  private static final LocalDate DAY = LocalDate.of(2026, 6, 1);

  private static FetchTask task(String name, String site, int days, Field... fields) {
    Report report = TestReports.pageviews(name, DateGrouping.DAY, fields);
    Slice slice = new Slice(new SiteId(site), null);
    DayRange range = new DayRange(DAY, DAY.plusDays(days - 1L));
    return new FetchTask(
        new Site(slice.site(), "a site", null),
        slice,
        new QueryShape(
            report.entity(), report.aggregates(), DateGrouping.DAY, report.fields(), List.of()),
        range,
        List.of(report),
        ControlQuery.of(report, slice, range));
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
