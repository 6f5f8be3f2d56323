package fathomexport.sink.postgres.commit;

import fathomexport.report.Slice;
import fathomexport.report.Window;
import fathomexport.sink.CommitPlan;
import fathomexport.sink.CommitResult;
import fathomexport.sink.Fence;
import fathomexport.sink.SinkException;
import fathomexport.sink.WindowConfirmation;
import fathomexport.sink.WindowLoad;
import fathomexport.sink.postgres.db.Queries;
import fathomexport.sink.postgres.ledger.JournalTables;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The work of one window's transaction, without its commit: rows, checks, journal and ledger. It
 * runs on a connection that is not in autocommit mode, and may run again on another connection if
 * the first one fails.
 */
public final class WindowTransaction {
  private final Connection connection;
  private final @Nullable Fence fence;

  public WindowTransaction(Connection connection, @Nullable Fence fence) {
    this.connection = connection;
    this.fence = fence;
  }

  /**
   * Stores the window.
   *
   * @throws SinkException {@code INTEGRITY}, {@code SUPERSEDED}, or {@code REFUSED} if the table
   *     itself changes rows
   * @throws IOException if the load's rows cannot be read
   */
  public CommitResult commit(WindowLoad load) throws SQLException, IOException {
    lock(connection, load.window());
    requireFence();
    LedgerWriter ledger = new LedgerWriter(connection, load.window());
    CommitPlan plan = new CommitPlan(load, ledger.stored());
    SortedSet<LocalDate> changed = new TreeSet<>();
    long rows = 0;
    SortedSet<LocalDate> replaced = plan.replaced();
    if (!replaced.isEmpty()) {
      WindowTable table = new WindowTable(load.window(), load.report());
      StagedRows staged = new StagedRows(connection, load, table);
      PeriodTotalsCheck check = new PeriodTotalsCheck(connection, load, table);
      Map<LocalDate, TableTotals> before;
      if (staged.occupied(replaced)) {
        changed = staged.stage(replaced);
        before = check.totals(plan.restated(changed), table.counted());
        staged.replace(changed);
      } else {
        changed = staged.insert(replaced);
        before = Map.of();
      }
      SortedSet<LocalDate> restated = plan.restated(changed);
      Map<LocalDate, TableTotals> after =
          check.totals(replaced, restated.isEmpty() ? check.certified() : table.counted());
      check.verify(plan, after);
      if (!restated.isEmpty()) {
        List<RestatementWriter.Line> lines =
            RestatementWriter.lines(restated, table.counted(), before, after, plan::reason);
        new RestatementWriter(load).write(connection, lines);
      }
      rows = after.values().stream().mapToLong(TableTotals::rows).sum();
    }
    ledger.write(plan);
    if (!load.quarantine().isEmpty()) {
      JournalTables.quarantine(connection, load.quarantine());
    }
    return plan.result(rows, changed);
  }

  /**
   * Records stored periods as confirmed, if they are still certified against the same control
   * totals.
   *
   * @throws SinkException {@code SUPERSEDED}
   */
  public void confirm(WindowConfirmation confirmation) throws SQLException {
    Window window = confirmation.window();
    lock(connection, window);
    requireFence();
    WindowKey key = new WindowKey(window);
    Queries.batch(
        connection,
        "UPDATE fathom_ops.ledger SET confirmed_at = ?, confirmed_run = ? WHERE "
            + WindowKey.IS
            + " AND period = ? AND stored AND status = 'certified' AND control_digest = ?"
            + (key.isRange() ? " AND period_end = ?" : ""),
        window.periods().toList(),
        (p, period) -> {
          p.instant(confirmation.by().at()).text(confirmation.by().runId());
          key.bind(p).day(period).text(confirmation.digests().get(period));
          if (key.isRange()) {
            p.day(window.days().last());
          }
        });
  }

  /** Returns whether this load is committed, according to the ledger. */
  public boolean isCommitted(WindowLoad load) throws SQLException {
    return new LedgerWriter(connection, load.window()).holds(load);
  }

  /** Returns whether this confirmation is recorded in the ledger. */
  public boolean isConfirmed(WindowConfirmation confirmation) throws SQLException {
    return new LedgerWriter(connection, confirmation.window()).holds(confirmation);
  }

  /** Waits until no other transaction commits a window of this report and slice. */
  public static void lock(Connection connection, Window window) throws SQLException {
    lock(connection, window.report(), window.slice());
  }

  /**
   * Waits until no other transaction changes what is stored of this report and slice.
   *
   * <p>From here on, the transaction reads the report's table by its unique index, which all
   * statements fit. The planner would at times choose the small index on the days, or none, by
   * statistics from when the table was nearly empty. Only the staged rows have no index. They are
   * scanned as ever, but the planner takes that for expensive, so that compiling must be off.
   */
  static void lock(Connection connection, String report, Slice slice) throws SQLException {
    String name = "fathom-export/window\n" + report + "\n" + slice.site() + "\n" + slice.eventKey();
    Queries.list(
        connection,
        """
        SELECT pg_advisory_xact_lock(hashtextextended(?, 0)),
               set_config('enable_bitmapscan', 'off', true),
               set_config('enable_seqscan', 'off', true),
               set_config('jit', 'off', true)\
        """,
        p -> p.text(name),
        r -> name);
  }

  /**
   * Checks the fence, and locks its row: a run that takes the pipeline's lock from now on waits for
   * the end of this transaction.
   */
  private void requireFence() throws SQLException {
    requireFence(connection, fence);
  }

  /** Like {@link #requireFence()}, for this fence; does nothing without one. */
  static void requireFence(Connection connection, @Nullable Fence required) throws SQLException {
    if (required == null) {
      return;
    }
    boolean stands =
        Queries.first(
                connection,
                "SELECT epoch FROM fathom_ops.pipeline_lock WHERE pipeline = ? FOR SHARE",
                p -> p.text(required.pipeline()),
                r -> r.number("epoch"))
            .filter(epoch -> epoch == required.epoch())
            .isPresent();
    if (!stands) {
      throw required.superseded();
    }
  }
}
