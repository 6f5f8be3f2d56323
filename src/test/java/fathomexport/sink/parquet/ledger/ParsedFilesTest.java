package fathomexport.sink.parquet.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.ledger.LedgerEntry;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.sink.parquet.ledger.ParsedFiles.ParsedFile;
import fathomexport.testing.LoadBuilder;
import fathomexport.testing.TestReports;
import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.LocalDate;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ParsedFilesTest {
  private static final LocalDate DAY = LocalDate.of(2026, 6, 1);
  private static final Slice SLICE = new Slice(new SiteId("CDBUGS"), null);
  private static final Report TRAFFIC = TestReports.traffic();
  private static final FileState STATE = new FileState(FileTime.fromMillis(1), 100, null);
  private static final Path MAY = Path.of("may");
  private static final Path JUNE = Path.of("june");
  private static final Path JULY = Path.of("july");

  @TempDir private Path spill;
  private final ParsedFiles files = new ParsedFiles(10);

  private ParsedFile parsed(int days) throws IOException {
    DayRange range = new DayRange(DAY, DAY.plusDays(days - 1L));
    NavigableMap<PeriodKey, StoredPeriod> periods = new TreeMap<>();
    for (LedgerEntry entry : new LoadBuilder(TRAFFIC, SLICE, range, spill).entries()) {
      periods.put(
          PeriodKey.of(SLICE, TRAFFIC.dateGrouping(), entry.certificate()),
          new StoredPeriod(entry, "00"));
    }
    assertThat(periods).hasSize(days);
    return new ParsedFile(STATE, new FileLedger(SLICE.site(), TRAFFIC.schema(), periods), null);
  }

  @Test
  void aFileIsKnownAsLongAsItsStateIsTheSame() throws IOException {
    ParsedFile june = files.keep(JUNE, parsed(3));
    assertThat(files.of(JUNE, STATE)).isSameAs(june);
    assertThat(files.of(JUNE, new FileState(FileTime.fromMillis(2), 100, null))).isNull();
    assertThat(files.of(MAY, STATE)).isNull();
  }

  @Test
  void theFileThatWasUsedLeastRecentlyIsEvicted() throws IOException {
    files.keep(MAY, parsed(4));
    ParsedFile june = files.keep(JUNE, parsed(4));
    ParsedFile may = files.of(MAY, STATE);
    files.keep(JULY, parsed(4));
    assertThat(files.of(MAY, STATE)).isSameAs(may).isNotNull();
    assertThat(files.of(JUNE, STATE)).isNull();
    assertThat(files.of(JULY, STATE)).isNotNull().isNotSameAs(june);
  }

  @Test
  void aFileThatIsKeptAgainCountsOnce() throws IOException {
    files.keep(MAY, parsed(4));
    files.keep(JUNE, parsed(5));
    files.keep(JUNE, parsed(5));
    files.keep(JUNE, parsed(6));
    assertThat(files.of(MAY, STATE)).isNotNull();
    assertThat(files.of(JUNE, STATE)).isNotNull();
  }

  @Test
  void theFileUsedLastStaysHoweverManyPeriodsItHas() throws IOException {
    files.keep(MAY, parsed(4));
    files.keep(JUNE, parsed(11));
    assertThat(files.of(MAY, STATE)).isNull();
    assertThat(files.of(JUNE, STATE)).isNotNull();
  }
}
