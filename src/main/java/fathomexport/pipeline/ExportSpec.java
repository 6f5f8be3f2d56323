package fathomexport.pipeline;

import fathomexport.api.ApiSettings;
import fathomexport.sink.parquet.ParquetSettings;
import fathomexport.sink.postgres.PostgresSettings;
import java.io.Serializable;
import java.nio.file.Path;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What the steps of a run need to know, on whichever machine they run. Secrets are references.
 *
 * @param postgres where rows land; null when the pipeline does not use it
 * @param parquetRoot where rows land; null when the pipeline does not use it
 * @param spillDirectory where large windows wait for their commit
 */
record ExportSpec(
    String runId,
    String pipeline,
    String command,
    Instant startedAt,
    long windowsPlanned,
    ApiSettings api,
    @Nullable PostgresSettings postgres,
    @Nullable String parquetRoot,
    int rowLimit,
    int maxRangeDays,
    String spillDirectory)
    implements Serializable {

  @Nullable ParquetSettings parquet() {
    return parquetRoot == null ? null : new ParquetSettings(Path.of(parquetRoot));
  }
}
