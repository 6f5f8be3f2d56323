package fathomexport.sink.parquet;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.ledger.PipelineLocks;
import fathomexport.ledger.Provenance;
import fathomexport.report.Aggregate;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.Window;
import fathomexport.report.rows.RowSource;
import fathomexport.report.rows.RowSpool;
import fathomexport.report.rows.RowWriter;
import fathomexport.sink.CommitResult;
import fathomexport.sink.WindowLoad;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.testing.PackagedProgram;
import fathomexport.testing.TestReports;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What shows only between processes: memory, locks. */
class ForkedJvmTest {
  @TempDir Path root;
  @TempDir Path spill;

  private Process fork(Class<?> main, String... args) throws IOException {
    List<String> command = new ArrayList<>(PackagedProgram.commandWithTests(List.of()));
    command.add(main.getName());
    command.addAll(List.of(args));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  @Test
  void aHundredThousandRowsInOneWindow() throws Exception {
    manyRows(100_000);
  }

  @Test
  @Tag("chaos")
  void aMillionRowsInOneWindow() throws Exception {
    manyRows(1_000_000);
  }

  private void manyRows(int rows) throws Exception {
    Process process = fork(ManyRows.class, root.toString(), spill.toString(), String.valueOf(rows));
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      List<String> lines = out.lines().toList();
      assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
      assertThat(lines).last().isEqualTo("%d stored, %d read, 1 changed".formatted(rows, rows));
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void aRunLockIsSeenByOthersAndFreedByDeath() throws Exception {
    Process process = fork(LockHolder.class, root.toString());
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
        ParquetSink sink = new ParquetSink(new ParquetSettings(root))) {
      assertThat(out.readLine()).isEqualTo("locked");
      assertThat(sink.ledger().tryLock("nightly")).isEmpty();
      assertThat(sink.ledger().tryLock("hourly")).isPresent();

      process.destroyForcibly().waitFor();

      assertThat(sink.ledger().tryLock("nightly")).isPresent();
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void commitsOfTwoProcessesLoseNothing() throws Exception {
    List<Process> processes = new ArrayList<>();
    for (int p = 0; p < 2; p++) {
      processes.add(fork(Committer.class, root.toString(), spill.toString(), String.valueOf(p)));
    }
    for (Process process : processes) {
      assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isZero();
    }
    try (ParquetSink sink = new ParquetSink(new ParquetSettings(root))) {
      assertThat(sink.ledger().entries("pages_daily", List.of(), LocalDate.MIN)).hasSize(28);
    }
  }

  /** A window of rows that are made one by one. */
  private static WindowLoad window(Path spill, LocalDate first, int days, int rows, long offset)
      throws IOException {
    Report report = TestReports.pages();
    Slice slice = new Slice(new SiteId("CDBUGS"), null);
    Window window =
        new Window(
            report.name(),
            slice,
            report.dateGrouping(),
            new DayRange(first, first.plusDays(days - 1L)));
    RowSpool spool = new RowSpool(spill);
    RowWriter writer = new RowWriter(report.schema());
    List<PeriodCertificate> certificates = new ArrayList<>();
    int perDay = rows / days;
    for (int d = 0; d < days; d++) {
      long sum = 0;
      for (int i = 0; i < perDay; i++) {
        long pageviews = i + offset;
        writer.reset();
        writer.text("CDBUGS");
        writer.integer(first.plusDays(d).toEpochDay());
        writer.text("www.example.com");
        writer.text("/articles/%08d/%x".formatted(i, i * 2654435761L));
        writer.integer(i % 1000);
        writer.integer(pageviews);
        writer.real(i / 7.0);
        spool.append(writer.buffer(), writer.length());
        sum += pageviews;
      }
      Map<Aggregate, Long> sums = Map.of(Aggregate.PAGEVIEWS, sum);
      LocalDate day = first.plusDays(d);
      certificates.add(
          new PeriodCertificate(
              day, day, CertificateStatus.CERTIFIED, perDay, sums, sums, false, null, null));
    }
    return new WindowLoad(
        window,
        report,
        spool,
        certificates,
        new Provenance("run", "definition", Instant.EPOCH, null, 1, 1, 0, null, null));
  }

  /** Stores as many rows, changes one day of them, reads all back. */
  static final class ManyRows {
    private ManyRows() {}

    public static void main(String[] args) throws IOException {
      Path spill = Path.of(args[1]);
      int rows = Integer.parseInt(args[2]);
      LocalDate first = LocalDate.of(2026, 6, 1);
      Report report = TestReports.pages();
      try (ParquetSink sink = new ParquetSink(new ParquetSettings(Path.of(args[0])))) {
        sink.migrate(List.of(report));
        WindowLoad load = window(spill, first, 20, rows, 0);
        long start = System.nanoTime();
        long stored = sink.commit(load).rowsStored();
        long millis = (System.nanoTime() - start) / 1_000_000;
        System.out.println(stored + " rows committed in " + millis + " ms");
        load.rows().close();

        WindowLoad change = window(spill, first.plusDays(3), 1, rows / 20, 1);
        start = System.nanoTime();
        CommitResult changed = sink.commit(change);
        millis = (System.nanoTime() - start) / 1_000_000;
        System.out.println("a day of them replaced in " + millis + " ms");

        long read = 0;
        DayRange june = new DayRange(first, first.plusDays(29));
        try (RowSource found = sink.stored(report, load.window().slice(), june)) {
          while (found.next()) {
            read++;
          }
        }
        System.out.println(
            stored + " stored, " + read + " read, " + changed.changed().size() + " changed");
      }
    }
  }

  /** Commits days of its own into files of both. */
  static final class Committer {
    private Committer() {}

    public static void main(String[] args) throws IOException {
      int number = Integer.parseInt(args[2]);
      try (ParquetSink sink = new ParquetSink(new ParquetSettings(Path.of(args[0])))) {
        sink.migrate(List.of(TestReports.pages()));
        for (int d = number; d < 28; d += 2) {
          sink.commit(window(Path.of(args[1]), LocalDate.of(2026, 6, 1).plusDays(d), 1, 500, 0));
        }
      }
    }
  }

  /** Takes a lock and keeps it. */
  static final class LockHolder {
    private LockHolder() {}

    public static void main(String[] args) throws IOException {
      ParquetSink sink = new ParquetSink(new ParquetSettings(Path.of(args[0])));
      Optional<PipelineLocks.RunLock> lock = sink.ledger().tryLock("nightly");
      System.out.println(lock.isPresent() ? "locked" : "not locked");
      // Until it is killed, or the test is gone.
      while (System.in.read() >= 0) {
        Thread.onSpinWait();
      }
    }
  }
}
