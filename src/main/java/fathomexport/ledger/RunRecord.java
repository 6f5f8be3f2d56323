package fathomexport.ledger;

import fathomexport.report.SiteId;
import java.time.Instant;
import java.util.List;
import java.util.Set;
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
 * @param escapedCells cells of the stored rows whose text contains a character that cannot be
 *     stored, so that its escape is
 * @param troubledSites the sites of which a query failed; null in the record of a version that did
 *     not note them
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
    List<String> messages,
    long escapedCells,
    @Nullable Set<SiteId> troubledSites) {
  /** The command of nightly runs. */
  public static final String RUN = "run";

  public static final String BACKFILL = "backfill";
  public static final String SNAPSHOT = "snapshot";
  public static final String VERIFY = "verify";

  /** The commands that export windows. */
  public static final Set<String> EXPORTS = Set.of(RUN, BACKFILL);

  public RunRecord {
    messages = List.copyOf(messages);
    troubledSites = troubledSites == null ? null : Set.copyOf(troubledSites);
  }

  /** Creates the record of a run without windows: it verified, or it could not begin. */
  public static RunRecord withoutWindows(
      String runId,
      String pipeline,
      String command,
      Instant startedAt,
      @Nullable Instant finishedAt,
      @Nullable Integer exitCode,
      long requests,
      List<String> messages) {
    return new RunRecord(
        runId,
        pipeline,
        command,
        startedAt,
        finishedAt,
        exitCode,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        requests,
        messages,
        0,
        Set.of());
  }

  /** Returns the command without the part of the pipeline that it was limited to. */
  public String verb() {
    return verb(command);
  }

  /** Returns a command without the part of the pipeline that it is limited to. */
  public static String verb(String command) {
    int end = command.indexOf(' ');
    return end < 0 ? command : command.substring(0, end);
  }

  /** Returns whether the run was limited to a part of its pipeline. */
  public boolean limited() {
    return command.indexOf(' ') >= 0;
  }
}
