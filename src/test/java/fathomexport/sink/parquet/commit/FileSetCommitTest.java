package fathomexport.sink.parquet.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import fathomexport.ledger.LedgerEntry;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.rows.RowSource;
import fathomexport.report.rows.RowSpool;
import fathomexport.sink.SinkException;
import fathomexport.sink.WindowLoad;
import fathomexport.sink.parquet.file.Documents;
import fathomexport.sink.parquet.file.Layout;
import fathomexport.sink.parquet.ledger.FileLedger;
import fathomexport.sink.parquet.ledger.FileLedgers;
import fathomexport.sink.parquet.ledger.Restatements;
import fathomexport.testing.LoadBuilder;
import fathomexport.testing.TestReports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileSetCommitTest {
  private static final Slice SITE = new Slice(new SiteId("CDBUGS"), null);
  private static final LocalDate MAY_31 = LocalDate.of(2026, 5, 31);
  private static final LocalDate JUNE_1 = LocalDate.of(2026, 6, 1);
  private static final Report PAGES = TestReports.pages();

  /**
   * So many rows that most of them are read from the spill file after the first file is written.
   */
  private static final int ROWS_OF_JUNE = 4_000;

  @TempDir private Path root;
  @TempDir private Path spill;

  /** The window's rows, without the last ones if the spool is rolled back to its mark. */
  private record Spooled(WindowLoad load, RowSpool.Mark half) {}

  private Spooled spooled() throws IOException {
    LoadBuilder builder = new LoadBuilder(PAGES, SITE, new DayRange(MAY_31, JUNE_1), spill);
    builder.row(MAY_31, "https://a.example", "/may", 1, 2, 3.0);
    for (int i = 0; i < ROWS_OF_JUNE; i++) {
      builder.row(JUNE_1, "https://a.example", "/" + "page".repeat(20) + i, 1, 2, 3.0);
    }
    WindowLoad built = builder.build();
    RowSpool rows = new RowSpool(spill);
    RowSpool.Mark half = rows.mark();
    try (RowSource all = built.rows().read()) {
      while (all.next()) {
        rows.append(all.buffer(), all.length());
        if (rows.rows() == ROWS_OF_JUNE / 2) {
          half = rows.mark();
        }
      }
    }
    return new Spooled(
        new WindowLoad(built.window(), PAGES, rows, built.periods(), built.provenance()), half);
  }

  private static void commit(Layout layout, WindowLoad load, FileSetCommit.Fencing fencing)
      throws IOException {
    Restatements restatements = new Restatements(layout, new Documents());
    new FileSetCommit(layout, new FileLedgers(layout), restatements, fencing, load).run();
  }

  private static LedgerEntry only(Layout layout, LocalDate period) throws IOException {
    FileLedger footer = new FileLedgers(layout).footer(file(layout, period));
    return Objects.requireNonNull(footer).periods().firstEntry().getValue().entry();
  }

  private static Path file(Layout layout, LocalDate period) {
    return layout.file(PAGES.name(), SITE.site(), PAGES.dateGrouping(), period);
  }

  /** Rows are read twice: to compare them with their certificates, and to write them. */
  @Test
  void rowsThatAreLostAfterTheCheckLeaveTheFileAsItWas() throws IOException {
    Layout layout = new Layout(root);
    Spooled spooled = spooled();
    try (RowSpool rows = spooled.load().rows()) {
      SinkException failure =
          catchThrowableOfType(
              SinkException.class,
              () -> commit(layout, spooled.load(), () -> rows.rollback(spooled.half())));

      assertThat(failure)
          .hasMessageContaining(
              file(layout, JUNE_1)
                  + " would contain 1999 rows instead of the certified "
                  + ROWS_OF_JUNE
                  + "; nothing was stored from period 2026-06-01 on");
      assertThat(failure.kind()).isEqualTo(SinkException.Kind.INTEGRITY);
    }
    assertThat(only(layout, MAY_31).certificate().rows()).isOne();
    try (Stream<Path> june = Files.list(file(layout, JUNE_1).getParent())) {
      assertThat(june).as("neither the file nor a part of it").isEmpty();
    }
  }

  @Test
  void rowsThatStayAreAllStored() throws IOException {
    Layout layout = new Layout(root);
    Spooled spooled = spooled();
    try (RowSpool rows = spooled.load().rows()) {
      assertThat(rows.rows()).isEqualTo(ROWS_OF_JUNE + 1);
      commit(layout, spooled.load(), () -> {});
    }
    assertThat(List.of(only(layout, MAY_31), only(layout, JUNE_1)))
        .extracting(entry -> entry.certificate().rows())
        .containsExactly(1L, (long) ROWS_OF_JUNE);
  }
}
