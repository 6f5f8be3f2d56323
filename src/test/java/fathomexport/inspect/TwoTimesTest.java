package fathomexport.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.ExportJob;
import fathomexport.sink.Sink;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.sinks.Sinks;
import fathomexport.testing.LoadBuilder;
import fathomexport.testing.TestReports;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which days of two reports are compared. */
class TwoTimesTest {
  private static final Report TRAFFIC = TestReports.traffic();
  private static final Report HOURS = TestReports.pageviews("traffic_hourly", DateGrouping.HOUR);
  private static final List<Report> REPORTS = List.of(TRAFFIC, HOURS);
  private static final LocalDate FIRST = LocalDate.of(2026, 3, 1);
  private static final LocalDate LAST = LocalDate.of(2026, 3, 31);

  @TempDir Path root;
  @TempDir Path spill;
  private Sinks sinks;

  @BeforeEach
  void open() {
    sinks = Sinks.open(null, new ParquetSettings(root), Map.of());
    sink().migrate(REPORTS);
  }

  @AfterEach
  void close() {
    sinks.close();
  }

  private Sink sink() {
    return sinks.all().get(0);
  }

  /** Stores days of both reports, of which each has another number in the one than in the other. */
  private void store(String site, LocalDate first, LocalDate last, String zone) {
    for (Report report : REPORTS) {
      LoadBuilder load =
          new LoadBuilder(
                  report, new Slice(new SiteId(site), null), new DayRange(first, last), spill)
              .definition(report.definition())
              .zone(zone);
      new DayRange(first, last)
          .stream()
              .forEach(
                  day ->
                      load.row(
                          report.equals(HOURS) ? day.atTime(9, 0) : day,
                          1,
                          report.equals(HOURS) ? 2 : 1,
                          1.5));
      sink().commit(load.build());
    }
  }

  private List<StatusOverview.Outdated> found() {
    return TwoTimes.of(
        new ExportJob("all", REPORTS, Optional.empty(), 3, false, true),
        Map.of(),
        sinks,
        Retired.NONE,
        LAST.plusDays(9).atStartOfDay(ZoneOffset.UTC).toInstant());
  }

  private static void assertNamed(
      List<StatusOverview.Outdated> found, LocalDate first, LocalDate last, String... sites) {
    assertThat(found)
        .singleElement()
        .satisfies(
            days -> {
              assertThat(days.sites()).containsExactly(sites);
              assertThat(days.first()).isEqualTo(first);
              assertThat(days.last()).isEqualTo(last);
            });
  }

  @Test
  void theDaysOfAMonthAreComparedAsFarAsTheyGo() {
    store("WHOLE", FIRST, LAST, "Europe/Vienna");
    assertNamed(found(), FIRST, LAST, "WHOLE");
    store("WHOLE", LAST.plusDays(1), LAST.plusDays(4), "Europe/Vienna");
    assertNamed(found(), FIRST, LAST.plusDays(4), "WHOLE");
  }

  /** Until the days before the change of the zone are fetched again. */
  @Test
  void aMonthOfTwoZonesIsLeftOut() {
    // Of several sites, because the order of the zones must not matter.
    for (int site = 0; site < 8; site++) {
      store("MOVED" + site, FIRST, FIRST.plusDays(9), "Europe/Vienna");
      store("MOVED" + site, FIRST.plusDays(10), LAST, "Asia/Tokyo");
    }
    assertThat(found()).isEmpty();

    store("MOVED3", FIRST, FIRST.plusDays(9), "Asia/Tokyo");
    assertNamed(found(), FIRST, LAST, "MOVED3");
  }

  /** The days of the one zone have a gap, in which those of the other are. */
  @Test
  void aMonthWithDaysOfAnotherZoneInItsMiddleIsLeftOut() {
    store("BRIEFLY", FIRST, LAST, "Europe/Vienna");
    store("BRIEFLY", FIRST.plusDays(9), FIRST.plusDays(12), "Asia/Tokyo");
    assertThat(found()).isEmpty();
  }

  @Test
  void daysWithAGapAreLeftOut() {
    store("GAP", FIRST, FIRST.plusDays(9), "Europe/Vienna");
    store("GAP", FIRST.plusDays(11), LAST, "Europe/Vienna");
    assertThat(found()).isEmpty();

    store("GAP", FIRST.plusDays(10), FIRST.plusDays(10), "Europe/Vienna");
    assertNamed(found(), FIRST, LAST, "GAP");
  }
}
