package fathomexport.ledger;

import java.time.LocalDate;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The records of runs and of their requests. */
public interface RunLedger {
  /** The order in which runs are returned. */
  Comparator<RunRecord> NEWEST_FIRST =
      Comparator.comparing(RunRecord::startedAt).thenComparing(RunRecord::runId).reversed();

  /** Writes or replaces the record of a run, keyed by its id. */
  void record(RunRecord run);

  /** Returns the record of a run, if it exists. */
  Optional<RunRecord> run(String runId);

  /** Returns the newest runs, newest first. */
  List<RunRecord> runs(int limit);

  /**
   * Returns the newest runs with one of these commands, limited ones included, newest first. Runs
   * with other commands, such as snapshots every few minutes, do not count towards the limit.
   *
   * @param pipeline the pipeline; null for all
   */
  List<RunRecord> runs(@Nullable String pipeline, Set<String> commands, int limit);

  /**
   * Returns the request counts from this day on, per account and day, for all accounts and
   * pipelines that share the ledger's database. Empty if the ledger does not count requests.
   */
  List<RequestCount> requestCounts(LocalDate from);
}
