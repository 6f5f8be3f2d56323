package fathomexport.cost;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.ledger.LedgerEntry;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.testing.LoadBuilder;
import fathomexport.testing.TestReports;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The rows that a period is expected to have, from what is stored. */
class ExpectedRowsTest {
  private static final Report PAGES = TestReports.pages();
  private static final LocalDate DAY = LocalDate.of(2026, 6, 1);
  private static final Slice SMALL = new Slice(new SiteId("SMALL"), null);
  private static final Slice LARGE = new Slice(new SiteId("LARGE"), null);

  @TempDir private Path spill;
  private final ExpectedRows expected = new ExpectedRows();

  private LedgerEntry entry(Slice slice, LocalDate day, int rows, boolean stored) {
    LoadBuilder load = new LoadBuilder(PAGES, slice, new DayRange(day, day), spill);
    for (int i = 0; i < rows; i++) {
      load.row(day, "example.com", "/" + i, 1, 1, 1.0);
    }
    return load.entry(load.certificates().get(0), stored);
  }

  private OptionalDouble of(Slice slice, LocalDate day) {
    return expected.of("pages_daily", slice, day);
  }

  @Test
  void nothingIsExpectedOfAReportWithoutRows() {
    expected.add(entry(SMALL, DAY, 3, false));
    assertThat(of(SMALL, DAY)).isEmpty();
  }

  @Test
  void aPeriodIsExpectedAsItIsStoredThenAsItsSliceThenAsItsReport() {
    expected.add(entry(SMALL, DAY, 1, true));
    expected.add(entry(SMALL, DAY.plusDays(1), 3, true));
    expected.add(entry(LARGE, DAY, 8, true));
    assertThat(of(SMALL, DAY)).as("the period").hasValue(1);
    assertThat(of(SMALL, DAY.plusDays(9))).as("its slice").hasValue(2);
    assertThat(of(new Slice(new SiteId("NEW"), null), DAY)).as("all sites").hasValue(4);
    assertThat(expected.of("traffic_daily", SMALL, DAY)).as("another report").isEmpty();
  }

  /** Two sinks may hold different rows of it. */
  @Test
  void ofTwoSinksTheMoreRowsCount() {
    expected.add(entry(SMALL, DAY, 5, true));
    expected.add(entry(SMALL, DAY, 2, true));
    assertThat(of(SMALL, DAY)).hasValue(5);
  }
}
