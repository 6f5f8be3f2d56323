package fathomexport.sink.postgres.commit;

import fathomexport.report.Column;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.TableSchema;
import fathomexport.sink.Fence;
import fathomexport.sink.Removal;
import fathomexport.sink.SinkException;
import fathomexport.sink.postgres.db.Queries;
import fathomexport.sink.postgres.db.Sql;
import fathomexport.sink.postgres.schema.ReportTable;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Removes the periods that are older than a pipeline keeps: one transaction per site and event,
 * with the rows, their ledger entries and their failed attempts. A reader sees all of a slice's old
 * periods or none; what a kill leaves, the next run removes.
 */
public final class OldPeriods {
  private static final String OLD =
      " WHERE report = ? AND site_id = ? AND event_name = ? AND period_end < ?";

  private final Connection connection;
  private final @Nullable Fence fence;
  private final Removal removal;

  /**
   * @param connection not in autocommit mode
   */
  public OldPeriods(Connection connection, @Nullable Fence fence, Removal removal) {
    this.connection = connection;
    this.fence = fence;
    this.removal = removal;
  }

  /**
   * Removes them, and commits after each slice.
   *
   * @throws SinkException {@code SUPERSEDED}
   */
  public Removal.Removed remove() throws SQLException {
    Removal.Removed removed = Removal.Removed.NOTHING;
    for (Slice slice : slices()) {
      removed = removed.plus(remove(slice));
      connection.commit();
    }
    connection.commit();
    return removed;
  }

  private List<Slice> slices() throws SQLException {
    String report = removal.report().name();
    return Queries.list(
        connection,
        """
        SELECT site_id, event_name FROM fathom_ops.ledger
         WHERE report = ? AND period_end < ? AND (? OR site_id = ANY (?))
        UNION
        SELECT site_id, event_name FROM fathom_ops.attempt
         WHERE report = ? AND period_end < ? AND (? OR site_id = ANY (?))
         ORDER BY 1, 2\
        """,
        p -> {
          for (int table = 0; table < 2; table++) {
            p.text(report)
                .day(removal.firstDay())
                .flag(removal.sites().isEmpty())
                .texts(removal.sites().stream().map(SiteId::value).sorted().toList());
          }
        },
        r -> {
          String event = r.text("event_name");
          return new Slice(new SiteId(r.text("site_id")), event.isEmpty() ? null : event);
        });
  }

  private Removal.Removed remove(Slice slice) throws SQLException {
    String report = removal.report().name();
    WindowTransaction.lock(connection, report, slice);
    WindowTransaction.requireFence(connection, fence);
    TableSchema schema = removal.report().schema();
    String time = Sql.name(schema.columns().get(schema.indexOf(Column.Role.TIME)).name());
    String event = slice.event();
    // The first day begins a month or a year, so that no period lies on both sides of it.
    long rows =
        Queries.update(
            connection,
            "DELETE FROM "
                + ReportTable.qualified(report)
                + " WHERE site_id = ?"
                + (event == null ? "" : " AND event_name = ?")
                + " AND "
                + time
                + " < ?",
            p -> {
              p.text(slice.site().value());
              if (event != null) {
                p.text(event);
              }
              p.day(removal.firstDay());
            });
    long periods = update("DELETE FROM fathom_ops.ledger" + OLD, report, slice);
    update("DELETE FROM fathom_ops.attempt" + OLD, report, slice);
    Queries.update(
        connection,
        """
        INSERT INTO fathom_ops.retention
          (report, site_id, event_name, first_day, periods, rows, removed_at, run_id)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (report, site_id, event_name) DO UPDATE
           SET first_day = greatest(retention.first_day, excluded.first_day),
               periods = retention.periods + excluded.periods,
               rows = retention.rows + excluded.rows,
               removed_at = excluded.removed_at, run_id = excluded.run_id\
        """,
        p ->
            p.text(report)
                .text(slice.site().value())
                .text(slice.eventKey())
                .day(removal.firstDay())
                .number(periods)
                .number(rows)
                .instant(removal.at())
                .text(removal.runId()));
    return new Removal.Removed(periods, rows);
  }

  private long update(String sql, String report, Slice slice) throws SQLException {
    return Queries.update(
        connection,
        sql,
        p ->
            p.text(report)
                .text(slice.site().value())
                .text(slice.eventKey())
                .day(removal.firstDay()));
  }
}
