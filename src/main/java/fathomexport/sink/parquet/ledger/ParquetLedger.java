package fathomexport.sink.parquet.ledger;

import fathomexport.ledger.ComposedLedger;
import fathomexport.ledger.Ledger;
import fathomexport.sink.parquet.file.Documents;
import fathomexport.sink.parquet.file.FileLocks;
import fathomexport.sink.parquet.file.Layout;
import java.io.IOException;

/** The ledger in the footers of the data files and the documents below {@code _fathom}. */
public final class ParquetLedger {
  private final Ledger ledger;
  private final EpochLocks pipelineLocks;

  public ParquetLedger(
      Layout layout,
      FileLocks locks,
      FileLedgers ledgers,
      Documents documents,
      Attempts attempts,
      Restatements restatements,
      Quarantine quarantine) {
    LedgerAnswers answers = new LedgerAnswers(layout);
    this.pipelineLocks = new EpochLocks(layout, locks, documents, answers);
    this.ledger =
        new ComposedLedger(
            new PeriodFiles(layout, ledgers, attempts, answers),
            new JournalFiles(quarantine, restatements, answers),
            new RunDocuments(layout.runs(), documents, answers),
            new LessonDocument(layout, locks, documents, answers),
            new AuditDocument(layout, locks, documents, answers),
            new DifferenceDocuments(layout, locks, documents, answers),
            pipelineLocks);
  }

  public Ledger ledger() {
    return ledger;
  }

  /** Returns whether this is the epoch of the run that took the pipeline's lock last. */
  public boolean isEpoch(String pipeline, long epoch) throws IOException {
    return pipelineLocks.isEpoch(pipeline, epoch);
  }
}
