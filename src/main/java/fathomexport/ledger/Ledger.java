package fathomexport.ledger;

import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import java.time.LocalDate;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads and writes what a sink knows of itself. Entries are written only together with their rows,
 * by the sink's commit; what stands here beside reading is about runs and lessons. Thread-safe.
 */
public interface Ledger {

  /**
   * The entries of a report, in no order.
   *
   * @param sites whose; empty means all
   * @param from periods that cover this day or later
   * @throws LedgerException when the ledger cannot be read
   */
  List<LedgerEntry> entries(String report, Collection<SiteId> sites, LocalDate from);

  /** How much is stored of a report. */
  Weight weight(String report);

  /** Failed attempts that no later success has settled. */
  List<Attempt> openAttempts(String report);

  Learned learned();

  void learn(Learned.Lesson lesson);

  /** For each site its newest audit, and its newest that failed, if any; in no order. */
  List<Audit> audits();

  /** Notes the outcome of an audit. */
  void audited(Audit audit);

  /** The newest quarantined rows of a report whose windows are not settled, newest first. */
  List<QuarantinedRow> quarantined(String report, int limit);

  /**
   * All quarantined rows of windows of a report and slice that are not settled, newest first.
   *
   * @param windowIds whose
   */
  List<QuarantinedRow> quarantined(String report, Slice slice, Collection<String> windowIds);

  /** The newest changes of periods of a report, newest first. */
  List<Restatement> restatements(String report, int limit);

  /** All changes of one period of a report and slice, newest first. */
  List<Restatement> restatements(String report, Slice slice, LocalDate period);

  /** How much the journals of a report hold of each slice; slices without any are left out. */
  Map<Slice, JournalCount> journalCounts(String report);

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

  /**
   * Takes the lock on a pipeline, so that one run of it is under way at a time. Freed by closing,
   * and at once when the process dies.
   *
   * @return empty when another run holds it
   */
  Optional<RunLock> tryLock(String pipeline);

  /** A held lock. */
  interface RunLock extends AutoCloseable {
    /** Grows with each taking of the pipeline's lock: what a commit is fenced by. */
    long epoch();

    /**
     * Whether the lock is still this run's. One that was lost, as with the connection that held it,
     * is taken again when nobody has taken it in between.
     *
     * @throws LedgerException when that cannot be found out
     */
    boolean stillHeld();

    @Override
    void close();
  }
}
