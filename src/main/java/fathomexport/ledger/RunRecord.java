package fathomexport.ledger;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One run of a pipeline.
 *
 * @param command {@code run}, {@code backfill}, {@code snapshot} or {@code verify}; the last has no
 *     windows. Options follow that limited it to a part of the pipeline, as in {@code run --site
 *     CDBUGS}
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

  /** Returns whether the run was limited to a part of its pipeline. */
  public boolean limited() {
    return command.indexOf(' ') >= 0;
  }
}
