package fathomexport.describe;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.testing.TestReports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DuckDbTablesTest {
  @TempDir private Path root;

  private String tables() throws IOException {
    return DuckDbTables.of(List.of(TestReports.traffic()), root);
  }

  @Test
  void withoutFilesAViewHasItsColumnsAndNoRow() throws IOException {
    assertThat(tables())
        .contains("CREATE OR REPLACE VIEW fathom.site AS\nSELECT NULL::VARCHAR AS \"site_id\"")
        .contains("\n WHERE false;")
        .doesNotContain("read_parquet");
  }

  @Test
  void theFilesOfAReportAreReadFromItsFolder() throws IOException {
    Path folder = root.resolve(TestReports.traffic().name());
    Files.createDirectories(folder.resolve("site_id=A/month=2026-06"));
    Files.createFile(folder.resolve("site_id=A/month=2026-06/data.parquet"));
    assertThat(tables())
        .containsOnlyOnce("read_parquet('" + folder + "/**/data.parquet', hive_partitioning");
  }

  /** A user may have named the directory so. */
  @Test
  void quotesInAPathAreDoubled() throws IOException {
    Path quoted = root.resolve("it's");
    Files.createDirectories(quoted.resolve("site"));
    Files.createFile(quoted.resolve("site/data.parquet"));
    assertThat(DuckDbTables.of(List.of(), quoted)).contains("it''s/site/data.parquet'");
  }
}
