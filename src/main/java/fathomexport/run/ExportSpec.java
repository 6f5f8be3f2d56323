package fathomexport.run;

import fathomexport.sink.Fence;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.sink.postgres.db.PostgresSettings;
import java.io.Serializable;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The settings that the lanes of a run need, on whichever machine they run. Secrets are references.
 *
 * @param accounts the accounts of the run's sites
 * @param priority of the run's requests
 * @param quota the database through which runs share the quotas of accounts; null if there is none
 * @param budget the limits of the run; its number of requests is that of each account
 * @param postgres the target database; null if the pipeline does not use it
 * @param parquetRoot the target directory; null if the pipeline does not use it
 * @param fences the fence for commits to each sink, by the sink's name
 * @param continuation the arguments that continue the run if it ends early; empty if any next run
 *     of the pipeline does
 */
public record ExportSpec(
    String runId,
    String pipeline,
    String command,
    Instant startedAt,
    long windowsPlanned,
    List<AccountAccess> accounts,
    Priority priority,
    @Nullable PostgresSettings quota,
    Budget budget,
    @Nullable PostgresSettings postgres,
    @Nullable String parquetRoot,
    int rowLimit,
    int maxRangeDays,
    Map<String, Fence> fences,
    String continuation)
    implements Serializable {

  public ExportSpec {
    accounts = List.copyOf(accounts);
    fences = Map.copyOf(fences);
  }

  /** Creates an id for a run that starts now. Ids sort by time. */
  public static String newRunId(Instant startedAt) {
    String stamp = startedAt.truncatedTo(ChronoUnit.SECONDS).toString().replaceAll("[^0-9TZ]", "");
    return stamp + "-" + UUID.randomUUID().toString().substring(0, 8);
  }

  /** Returns the same spec, of which only this account is left. */
  public ExportSpec of(String account) {
    return new ExportSpec(
        runId,
        pipeline,
        command,
        startedAt,
        windowsPlanned,
        accounts.stream().filter(a -> a.name().equals(account)).toList(),
        priority,
        quota,
        budget,
        postgres,
        parquetRoot,
        rowLimit,
        maxRangeDays,
        fences,
        continuation);
  }

  public @Nullable ParquetSettings parquet() {
    return parquetRoot == null ? null : new ParquetSettings(Path.of(parquetRoot));
  }
}
