package fathomexport.export;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.run.FailureKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryCheckupTest {
  private static final String OTHERWISE = "set parquet.root to another directory";
  private static final long MIB = 1L << 20;

  @TempDir private Path root;
  private final Findings findings = new Findings();
  private final DirectoryCheckup checkup = new DirectoryCheckup(findings);

  private Finding found() {
    assertThat(findings.all()).hasSize(1);
    return findings.all().get(0);
  }

  private Finding withFree(long free) {
    checkup.room("parquet", "/data", free, OTHERWISE);
    return found();
  }

  @Test
  void aDirectoryThatIsNotThereYetIsLookedAtWhereItWillBeMade() {
    checkup.run("parquet", "parquet.root", root.resolve("a/b"), OTHERWISE);
    assertThat(found().detail()).startsWith(root.resolve("a/b") + " (parquet.root) will be made, ");
    assertThat(root).isEmptyDirectory();
  }

  @Test
  void aFileInItsPlaceIsAFailureOfTheStorage() throws IOException {
    Path file = Files.writeString(root.resolve("file"), "");
    checkup.run("parquet", "parquet.root", file.resolve("warehouse"), OTHERWISE);
    assertThat(found())
        .isEqualTo(
            Finding.failed(
                "parquet",
                FailureKind.STORAGE,
                file.resolve("warehouse")
                    + " (parquet.root) cannot be made, because "
                    + file
                    + " is no directory: "
                    + OTHERWISE));
  }

  @Test
  void aGibibyteIsEnough() {
    assertThat(withFree(1024 * MIB)).isEqualTo(Finding.ok("parquet", "/data, 1.0 GiB free"));
  }

  @Test
  void belowAGibibyteTheNextNightsMayFillTheDisk() {
    assertThat(withFree(1023 * MIB))
        .isEqualTo(Finding.warning("parquet", "/data, 1.0 GiB free: make room soon"));
  }

  @Test
  void with64MebibytesARunStillStarts() {
    assertThat(withFree(64 * MIB).state()).isEqualTo(Finding.State.WARNING);
  }

  @Test
  void withLessNoRunStarts() {
    Finding finding = withFree(64 * MIB - 1);
    assertThat(finding.failure()).isEqualTo(FailureKind.STORAGE);
    assertThat(finding.detail()).startsWith("/data, 0.1 GiB free: ").endsWith(", or " + OTHERWISE);
  }
}
