package fathomexport.ledger;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One run of a pipeline.
 *
 * @param command {@code run}, {@code backfill}, {@code snapshot} or {@code verify}; the last has no
 *     windows
 * @param finishedAt null while the run is active, and permanently if it was killed
 * @param requests requests to the quota-limited endpoints, each billed as a pageview
 * @param messages one line per failure
 */
public record RunRecord(
    String runId,
    String pipeline,
    String command,
    Instant startedAt,
    @Nullable Instant finishedAt,
    @Nullable Integer exitCode,
    long windowsPlanned,
    long windowsCommitted,
    long windowsUnchanged,
    long windowsIncomplete,
    long windowsFailed,
    long windowsSkipped,
    long rows,
    long quarantined,
    long requests,
    List<String> messages) {
  public RunRecord {
    messages = List.copyOf(messages);
  }
}
