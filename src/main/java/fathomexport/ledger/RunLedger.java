package fathomexport.ledger;

import java.time.LocalDate;
import java.util.List;
import java.util.Optional;

/** The runs, and the requests that they have made. */
public interface RunLedger {

  /** Writes or replaces the record of a run, keyed by its id. */
  void record(RunRecord run);

  /** The record of a run; empty when there is none. */
  Optional<RunRecord> run(String runId);

  /** The newest runs, newest first. */
  List<RunRecord> runs(int limit);

  /**
   * The requests of days from this one on, over all accounts and pipelines that share the ledger's
   * database, by account and day. Empty where the ledger keeps no count of them.
   */
  List<RequestCount> requestCounts(LocalDate from);
}
