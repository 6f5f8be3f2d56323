package fathomexport.sink.parquet.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.testing.LoadBuilder;
import fathomexport.testing.TestReports;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Footers of older versions stay readable. */
class LedgerJsonTest {
  private static final LocalDate DAY = LocalDate.of(2026, 6, 1);
  private static final Slice SLICE = new Slice(new SiteId("CDBUGS"), null);

  @TempDir Path spill;

  @Test
  void aFooterWithoutDigestsOfRows() throws IOException {
    Report traffic = TestReports.traffic();
    List<LedgerEntry> entries =
        new LoadBuilder(traffic, SLICE, new DayRange(DAY, DAY), spill)
            .row(DAY, 1, 10, 1.5)
            .entries();
    NavigableMap<PeriodKey, StoredPeriod> periods = new TreeMap<>();
    for (LedgerEntry entry : entries) {
      periods.put(
          PeriodKey.of(SLICE, traffic.dateGrouping(), entry.certificate()),
          new StoredPeriod(entry, "00"));
    }
    LedgerJson json = new LedgerJson();
    String text = json.periods(SLICE.site(), periods);
    assertThat(text).contains("\"rows_digest\":\"");
    assertThat(json.parsePeriods(traffic.schema(), text).periods()).isEqualTo(periods);

    String older = text.replaceAll("\"rows_digest\":\"[^\"]*\",", "");
    assertThat(older).doesNotContain("rows_digest");

    PeriodCertificate read =
        json.parsePeriods(traffic.schema(), older)
            .periods()
            .firstEntry()
            .getValue()
            .entry()
            .certificate();
    assertThat(read.digest()).isNull();
    assertThat(read.sums()).isEqualTo(entries.get(0).certificate().sums());
  }
}
