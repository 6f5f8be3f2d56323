package fathomexport.ledger;

import java.time.LocalDate;
import java.util.List;
import java.util.Optional;

/** The records of runs and of their requests. */
public interface RunLedger {

  /** Writes or replaces the record of a run, keyed by its id. */
  void record(RunRecord run);

  /** Returns the record of a run, if it exists. */
  Optional<RunRecord> run(String runId);

  /** Returns the newest runs, newest first. */
  List<RunRecord> runs(int limit);

  /**
   * Returns the request counts from this day on, per account and day, for all accounts and
   * pipelines that share the ledger's database. Empty if the ledger does not count requests.
   */
  List<RequestCount> requestCounts(LocalDate from);
}
