package fathomexport.sink.parquet;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.inspect.StatusOverview;
import fathomexport.inspect.StatusReader;
import fathomexport.ledger.Ledger;
import fathomexport.ledger.StoredRange;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.ExportJob;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.sinks.Sinks;
import fathomexport.sinks.UnrecordedRuns;
import fathomexport.testing.LoadBuilder;
import fathomexport.testing.TestReports;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * How many footers a run reads: what it asks of the whole history reads each of them once, however
 * often it asks, and what it asks of the look-back reads only the files of that time.
 */
class FootersReadTest {
  private static final Report TRAFFIC = TestReports.traffic();
  private static final LocalDate FIRST = LocalDate.of(2026, 1, 1);
  private static final LocalDate LAST = LocalDate.of(2026, 3, 31);

  /** With three months of each, more periods than are kept in memory with their certificates. */
  private static final int SITES = 30;

  private static final int FILES = SITES * 3;

  @TempDir Path root;
  @TempDir Path spill;

  private void load(ParquetSink sink, int site, LocalDate first, LocalDate last) {
    sink.commit(
        new LoadBuilder(
                TRAFFIC,
                new Slice(new SiteId("SITE" + site), null),
                new DayRange(first, last),
                spill)
            .build());
  }

  @Test
  void eachFooterIsReadOnceForAllThatIsAskedOfTheHistory() {
    try (ParquetSink before = new ParquetSink(new ParquetSettings(root))) {
      before.migrate(List.of(TRAFFIC));
      for (int site = 0; site < SITES; site++) {
        load(before, site, FIRST, LAST);
      }
    }
    try (ParquetSink sink = new ParquetSink(new ParquetSettings(root))) {
      Ledger ledger = sink.ledger();

      assertThat(ledger.entries(TRAFFIC.name(), List.of(), LAST.minusDays(3))).hasSize(SITES * 4);
      assertThat(sink.footersRead()).as("for the look-back").isEqualTo(SITES);

      for (int i = 0; i < 3; i++) {
        assertThat(ledger.storedRanges(TRAFFIC.name(), DateGrouping.DAY, List.of()))
            .hasSize(SITES)
            .extracting(StoredRange::days)
            .containsOnly(new DayRange(FIRST, LAST));
        assertThat(ledger.slices(TRAFFIC.name())).hasSize(SITES);
        assertThat(ledger.weight(TRAFFIC.name()).rows()).isZero();
      }
      assertThat(sink.footersRead()).as("for the history").isLessThanOrEqualTo(FILES);

      // What another process has changed is read again, and nothing else.
      long read = sink.footersRead();
      try (ParquetSink other = new ParquetSink(new ParquetSettings(root))) {
        load(other, SITES, LAST, LAST);
        load(other, 0, LAST.plusDays(1), LAST.plusDays(2));
      }
      assertThat(ledger.slices(TRAFFIC.name())).hasSize(SITES + 1);
      assertThat(ledger.storedRanges(TRAFFIC.name(), DateGrouping.DAY, List.of()))
          .contains(
              new StoredRange(
                  new Slice(new SiteId("SITE0"), null), new DayRange(FIRST, LAST.plusDays(2))));
      assertThat(sink.footersRead() - read).isEqualTo(2);

      long planned = sink.footersRead();
      sink.runEnded(() -> false);
      assertThat(sink.footersRead() - planned)
          .as("for the coverage file: once more, and the newest of each site")
          .isLessThanOrEqualTo(FILES + 2 + SITES + 1);
    }
  }

  /** Of reports whose days, months and years are compared, in files alone. */
  @Test
  void statusReadsNoFooterOfAFileThatIsUnchangedSinceTheLastRun() {
    Report pages = TestReports.pages();
    Report hourly = TestReports.pageviews("traffic_hourly", DateGrouping.HOUR);
    Report monthly = TestReports.pageviews("traffic_monthly", DateGrouping.MONTH);
    Report yearly = TestReports.pageviews("traffic_yearly", DateGrouping.YEAR);
    List<Report> reports = List.of(TRAFFIC, pages, hourly, monthly, yearly);
    Slice slice = new Slice(new SiteId("SITE1"), null);
    try (ParquetSink night = new ParquetSink(new ParquetSettings(root))) {
      night.migrate(reports);
      for (Report report : reports) {
        LoadBuilder load =
            new LoadBuilder(report, slice, new DayRange(FIRST, LAST), spill)
                .definition(report.definition());
        // The hours have another number than the days, and so do the pages and the month.
        switch (report.dateGrouping()) {
          case HOUR -> load.row(FIRST.atTime(9, 0), 1, 2, 1.5);
          default -> {
            if (report.equals(pages)) {
              load.row(FIRST, "example.com", "/", 1, 3, 1.5);
            } else {
              load.row(FIRST, 1, report.equals(monthly) ? 4 : 1, 1.5);
            }
          }
        }
        night.commit(load.build());
      }
      night.runEnded(() -> false);
    }
    assertThat(parsedForStatus(reports)).isZero();

    try (ParquetSink other = new ParquetSink(new ParquetSettings(root))) {
      other.migrate(reports);
      other.commit(
          new LoadBuilder(TRAFFIC, slice, new DayRange(LAST, LAST), spill)
              .definition(TRAFFIC.definition())
              .row(LAST, 1, 5, 1.5)
              .build());
    }
    assertThat(parsedForStatus(reports)).as("the file that has changed").isEqualTo(1);
  }

  /** Returns how many footers a command parses for the overview. */
  private long parsedForStatus(List<Report> reports) {
    Instant now = LAST.plusDays(2).atStartOfDay(ZoneOffset.UTC).toInstant();
    ExportJob job = new ExportJob("all", reports, Optional.empty(), 3, false, true);
    try (Sinks sinks = Sinks.open(null, new ParquetSettings(root), Map.of())) {
      StatusOverview status =
          StatusReader.read(
              job,
              sinks,
              now,
              now,
              400,
              true,
              List.of(),
              new UnrecordedRuns(List.of()),
              Map.of(),
              Map.of(),
              List::of);
      assertThat(status.outdated())
          .extracting(StatusOverview.Outdated::report)
          .as("compared")
          .contains("pages_daily", "traffic_hourly", "traffic_daily");
      return ((ParquetSink) sinks.all().get(0)).footersRead();
    }
  }
}
