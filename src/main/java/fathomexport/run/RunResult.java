package fathomexport.run;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import fathomexport.ledger.RunRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The result of a run.
 *
 * @param requests requests that are billed as pageviews
 * @param took from start to end
 * @param floor the least time that the quota allows for this number of requests
 * @param recordsSkipped unusable records in the list of sites
 * @param escapedCells cells of the stored rows that contain characters that cannot be stored, so
 *     that their escapes are
 * @param messages one line per window that failed
 * @param stale stored ranges that no longer match what the pipeline queries
 * @param renewals how to renew them
 * @param missing what stays missing because it is out of reach of a nightly run; null if there is
 *     nothing, and for other commands
 * @param sinksDiffer what the sinks hold differently; null if there is nothing, and for other
 *     commands than a nightly run
 * @param unlisted sites that were left out because the API no longer lists them, although they are
 *     not deleted
 * @param newSites the sites that are new and whose history was not fetched; null if there are none
 * @param removedAccounts accounts that the settings no longer have and whose sites are retired
 */
public record RunResult(
    String runId,
    int exitCode,
    long windowsPlanned,
    long windowsCommitted,
    long windowsUnchanged,
    long windowsIncomplete,
    long windowsFailed,
    long windowsSkipped,
    long recordsSkipped,
    long rows,
    long quarantined,
    long escapedCells,
    long requests,
    Duration took,
    Duration floor,
    List<String> messages,
    List<StaleRange> stale,
    List<Renewal> renewals,
    @Nullable MissingRange missing,
    @Nullable SinksDiffer sinksDiffer,
    List<UnlistedSite> unlisted,
    @Nullable NewSites newSites,
    @JsonInclude(JsonInclude.Include.NON_EMPTY) List<RemovedAccount> removedAccounts) {

  /** Returns the result of a run without a plan. */
  public static RunResult of(RunRecord record, long recordsSkipped, Duration floor) {
    return of(
        record,
        recordsSkipped,
        floor,
        List.of(),
        List.of(),
        null,
        null,
        List.of(),
        null,
        List.of());
  }

  /** Returns the result of a run that has ended. */
  public static RunResult of(
      RunRecord record,
      long recordsSkipped,
      Duration floor,
      List<StaleRange> stale,
      List<Renewal> renewals,
      @Nullable MissingRange missing,
      @Nullable SinksDiffer sinksDiffer,
      List<UnlistedSite> unlisted,
      @Nullable NewSites newSites,
      List<RemovedAccount> removedAccounts) {
    Instant finishedAt = record.finishedAt();
    return new RunResult(
        record.runId(),
        Objects.requireNonNullElse(record.exitCode(), FailureKind.FAULT.exitCode()),
        record.windowsPlanned(),
        record.windowsCommitted(),
        record.windowsUnchanged(),
        record.windowsIncomplete(),
        record.windowsFailed(),
        record.windowsSkipped(),
        recordsSkipped,
        record.rows(),
        record.quarantined(),
        record.escapedCells(),
        record.requests(),
        Duration.between(record.startedAt(), finishedAt == null ? record.startedAt() : finishedAt),
        floor,
        record.messages(),
        stale,
        renewals,
        missing,
        sinksDiffer,
        unlisted,
        newSites,
        removedAccounts);
  }

  /**
   * Returns whether a person should act although the run may have succeeded: something stays
   * missing, is stale, differs between the sinks or is left out.
   */
  public boolean needsPerson() {
    return missing != null || sinksDiffer != null || !renewals.isEmpty() || !unlisted.isEmpty();
  }

  /**
   * Returns the windows that the run did not begin, under the name that all other outputs use for
   * them; {@code windows_skipped} stays for programs that read it.
   */
  @JsonProperty
  public long windowsNotBegun() {
    return windowsSkipped;
  }
}
