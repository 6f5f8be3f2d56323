package fathomexport.sink.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.sink.SinkException;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.testing.LoadBuilder;
import fathomexport.testing.Rows;
import fathomexport.testing.TestReports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A disk that fills up, where a small file system may be mounted. */
class FullDiskTest {
  private static final LocalDate D1 = LocalDate.of(2026, 6, 1);
  private static final Slice SITE = new Slice(new SiteId("CDBUGS"), null);

  @TempDir Path spill;
  @TempDir Path mount;

  @Test
  void theOldFileStandsAndTheTemporaryOneIsRemoved() throws Exception {
    assumeTrue(run("mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", mount.toString()));
    try {
      fill();
    } finally {
      assertThat(run("umount", mount.toString())).isTrue();
    }
  }

  private void fill() throws IOException {
    Report pages = TestReports.pages();
    LoadBuilder small = load(pages, 10);
    try (ParquetSink sink = new ParquetSink(new ParquetSettings(mount))) {
      sink.migrate(List.of(pages));
      sink.commit(small.build());

      SinkException e =
          catchThrowableOfType(SinkException.class, () -> sink.commit(load(pages, 30_000).build()));

      assertThat(e.kind()).isEqualTo(SinkException.Kind.UNAVAILABLE);
      assertThat(e).hasMessageContaining("No space left on device");
      assertThat(e).hasMessageContaining(mount + "/pages_daily/site_id=CDBUGS/month=2026-06/");
      assertThat(Rows.drain(pages.schema(), sink.stored(pages, SITE, DayRange.of(D1))))
          .isEqualTo(small.rows());
      try (Stream<Path> files = Files.walk(mount)) {
        assertThat(files.filter(f -> f.toString().endsWith(".tmp"))).isEmpty();
      }
      LoadBuilder other = load(pages, 11);
      assertThat(sink.commit(other.build()).rowsStored()).isEqualTo(11);
    }
  }

  /** Rows that do not compress. */
  private LoadBuilder load(Report pages, int rows) {
    LoadBuilder load = new LoadBuilder(pages, SITE, DayRange.of(D1), spill);
    Random random = new Random(1);
    for (int i = 0; i < rows; i++) {
      load.row(D1, "h", i + Long.toHexString(random.nextLong()), i, 1, random.nextDouble());
    }
    return load;
  }

  private static boolean run(String... command) throws IOException, InterruptedException {
    try {
      return new ProcessBuilder(command).inheritIO().start().waitFor() == 0;
    } catch (IOException e) {
      // There is no such command here.
      return false;
    }
  }
}
