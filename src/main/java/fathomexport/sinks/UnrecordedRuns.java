package fathomexport.sinks;

import fathomexport.ledger.Ledger;
import fathomexport.ledger.LedgerException;
import fathomexport.ledger.RunLedger;
import fathomexport.ledger.RunRecord;
import fathomexport.run.RunRecords;
import fathomexport.sink.parquet.ledger.RunDocuments;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The records of runs that could not be written to the ledger, because it could not be reached: one
 * file per run, in the first of several directories that can be written to. The next command that
 * reaches the ledger moves them there.
 */
public final class UnrecordedRuns {
  private static final Logger LOG = LoggerFactory.getLogger(UnrecordedRuns.class);
  private static final int MOST = 1_000;

  private final List<Path> directories;

  /**
   * @param directories where records may be kept, the preferred one first; they need not exist
   */
  public UnrecordedRuns(List<Path> directories) {
    this.directories = List.copyOf(directories);
  }

  /** Keeps a record. If no directory accepts it, the log says so: the run has failed anyway. */
  public void keep(RunRecord run) {
    for (Path directory : directories) {
      try {
        RunDocuments.in(directory).record(run);
        return;
      } catch (LedgerException e) {
        LOG.warn("run {} is not recorded in {}: {}", run.runId(), directory, e.getMessage());
      }
    }
  }

  /** Returns the records that are kept, in no particular order; without those it cannot read. */
  public List<RunRecord> all() {
    List<RunRecord> runs = new ArrayList<>();
    for (Path directory : directories) {
      runs.addAll(in(directory));
    }
    return runs;
  }

  private static List<RunRecord> in(Path directory) {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try {
      return RunDocuments.in(directory).runs(MOST);
    } catch (LedgerException e) {
      LOG.warn("unrecorded runs cannot be read: {}", e.getMessage());
      return List.of();
    }
  }

  /**
   * Moves the records of a pipeline's runs to its ledger. What the ledger knows of a run in
   * progress stays known.
   *
   * @throws LedgerException if the ledger does not accept them; they are kept then
   */
  public void moveTo(Ledger ledger, String pipeline) {
    for (Path directory : directories) {
      for (RunRecord run : in(directory)) {
        if (!run.pipeline().equals(pipeline)) {
          continue;
        }
        Optional<RunRecord> known = ledger.run(run.runId());
        ledger.record(known.map(k -> RunRecords.failedAs(k, run)).orElse(run));
        RunDocuments.in(directory).forget(run.runId());
      }
    }
  }

  /** Returns a ledger's runs together with those that are kept here, newest first. */
  public List<RunRecord> with(List<RunRecord> runs, Predicate<RunRecord> which) {
    List<RunRecord> merged = new ArrayList<>(runs);
    all().stream()
        .filter(which)
        .filter(kept -> runs.stream().noneMatch(r -> r.runId().equals(kept.runId())))
        .forEach(merged::add);
    merged.sort(RunLedger.NEWEST_FIRST);
    return merged;
  }
}
