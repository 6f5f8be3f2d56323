package fathomexport.sink.postgres.ledger;

import fathomexport.ledger.ComposedLedger;
import fathomexport.ledger.Ledger;
import fathomexport.sink.postgres.db.Database;

/** The ledger in schema {@code fathom_ops}. Closing it frees all locks that are still held. */
public final class PostgresLedger implements AutoCloseable {
  private final Ledger ledger;
  private final SessionLocks locks;

  public PostgresLedger(Database database) {
    LedgerQueries queries = new LedgerQueries(database);
    this.locks = new SessionLocks(database, queries);
    this.ledger =
        new ComposedLedger(
            new PeriodTables(queries),
            new JournalTables(queries),
            new RunLog(queries),
            new LessonTable(queries),
            new AuditTable(queries),
            new DifferenceTable(queries),
            locks);
  }

  public Ledger ledger() {
    return ledger;
  }

  @Override
  public void close() {
    locks.close();
  }
}
