package fathomexport.run;

import fathomexport.api.ApiSettings;
import fathomexport.sink.Fence;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.sink.postgres.db.PostgresSettings;
import java.io.Serializable;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What the lanes of a run need to know, on whichever machine they run. Secrets are references.
 *
 * @param account whose quota the run's requests are counted against
 * @param priority of its requests
 * @param quota the database by way of which runs share the account's; null when there is none
 * @param budget what the run may cost
 * @param postgres where rows land; null when the pipeline does not use it
 * @param parquetRoot where rows land; null when the pipeline does not use it
 * @param fences what commits to each sink are fenced by, by its name
 */
public record ExportSpec(
    String runId,
    String pipeline,
    String command,
    Instant startedAt,
    long windowsPlanned,
    ApiSettings api,
    String account,
    Priority priority,
    @Nullable PostgresSettings quota,
    Budget budget,
    @Nullable PostgresSettings postgres,
    @Nullable String parquetRoot,
    int rowLimit,
    int maxRangeDays,
    Map<String, Fence> fences)
    implements Serializable {

  public ExportSpec {
    fences = Map.copyOf(fences);
  }

  /** An id for a run that begins now: sorts by time. */
  public static String newRunId(Instant startedAt) {
    String stamp = startedAt.truncatedTo(ChronoUnit.SECONDS).toString().replaceAll("[^0-9TZ]", "");
    return stamp + "-" + UUID.randomUUID().toString().substring(0, 8);
  }

  /** Whether the run can do without the database by way of which it shares the quota. */
  public boolean quotaIsOptional() {
    return postgres == null;
  }

  public @Nullable ParquetSettings parquet() {
    return parquetRoot == null ? null : new ParquetSettings(Path.of(parquetRoot));
  }
}
