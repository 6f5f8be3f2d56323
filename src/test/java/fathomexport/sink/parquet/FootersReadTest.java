package fathomexport.sink.parquet;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.ledger.Ledger;
import fathomexport.ledger.StoredRange;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.testing.LoadBuilder;
import fathomexport.testing.TestReports;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
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
}
