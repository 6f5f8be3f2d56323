package fathomexport.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import fathomexport.report.DayRange;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.rows.RowReader;
import fathomexport.report.rows.RowSource;
import fathomexport.testing.LoadBuilder;
import fathomexport.testing.TestReports;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows that are not the window's own are refused, whatever sink they are on the way to. */
class OwnRowsTest {
  private static final LocalDate D1 = LocalDate.of(2026, 6, 1);
  private static final LocalDate D2 = D1.plusDays(1);
  private static final Slice SLICE = new Slice(new SiteId("CDBUGS"), null);

  @TempDir Path spill;

  private LoadBuilder load() {
    return new LoadBuilder(TestReports.traffic(), SLICE, new DayRange(D1, D2), spill);
  }

  private static List<LocalDate> periods(WindowLoad load) throws IOException {
    OwnRows own = new OwnRows(load);
    RowReader reader = new RowReader(load.report().schema());
    List<LocalDate> periods = new ArrayList<>();
    try (RowSource rows = load.rows().read()) {
      while (rows.next()) {
        periods.add(own.period(reader.read(rows.buffer(), rows.length())));
      }
    }
    return periods;
  }

  private static void refused(LoadBuilder load, String why) {
    assertThatThrownBy(() -> periods(load.build()))
        .isInstanceOfSatisfying(
            SinkException.class, e -> assertThat(e.kind()).isEqualTo(SinkException.Kind.INTEGRITY))
        .hasMessage(
            "window traffic_daily CDBUGS 2026-06-01..2026-06-02 contains a row of another window: "
                + why
                + "; nothing was stored");
  }

  @Test
  void eachRowHasItsPeriod() throws Exception {
    assertThat(periods(load().row(D1, 1, 10, 1.5).row(D2, 2, 20, 1.5).build()))
        .containsExactly(D1, D2);
  }

  @Test
  void aRowOfAnotherDayIsRefused() {
    refused(load().row(D2.plusDays(1), 1, 10, 1.5), "its day 2026-06-03 is outside the window");
  }

  /** Also one whose name begins alike. */
  @Test
  void aRowOfAnotherSiteIsRefused() {
    for (String other : List.of("CDBUGZ", "CDBUGSX", "CDBUG")) {
      refused(
          load().rawRow(Arrays.asList(other, D1, 1, 10, 1.5)), "it is of another site or event");
    }
  }
}
