package fathomexport.sink.postgres.lease;

import fathomexport.sink.postgres.db.Queries;
import fathomexport.sink.postgres.db.Row;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Reads the permits and the queue of one quota of one account. */
final class ScheduleQuery {
  private final String account;
  private final LeasedQuota quota;
  private final Supplier<@Nullable Instant> clock;

  /**
   * @param clock replaces the database's clock; supplies null for the database's own
   */
  ScheduleQuery(String account, LeasedQuota quota, Supplier<@Nullable Instant> clock) {
    this.account = account;
    this.quota = quota;
    this.clock = clock;
  }

  /**
   * Locks the account's row: until the transaction ends, no other run takes a permit.
   *
   * @return when the API accepts requests again
   */
  Instant lock(Connection connection) throws SQLException {
    return Queries.first(
            connection,
            """
            SELECT deferred_until FROM fathom_ops.account
             WHERE account = ? AND quota = ? FOR UPDATE\
            """,
            p -> p.text(account).text(quota.key()),
            r -> r.instant("deferred_until"))
        .orElse(Instant.MIN);
  }

  /** One row of the query for permits and queue; the kind decides the meaning of the columns. */
  private record Line(
      String kind, long number, int holder, int priority, boolean flag, Instant at) {
    static Line of(Row r) throws SQLException {
      return new Line(
          r.text("kind"),
          r.number("number"),
          r.integer("holder"),
          r.integer("priority"),
          r.flag("flag"),
          r.instant("at"));
    }
  }

  /**
   * Reads the permits and the queue. This is a separate statement, because it must see what was
   * committed before {@link #lock} was granted.
   *
   * <p>The result does not grow with the quota: permits whose requests have ended are counted here,
   * and of the times when they come free only the earliest can matter, one per permit and place
   * above the quota. The server's locks are not looked at where this run is the only one.
   *
   * @param own the holder whose session this is, and which is therefore alive
   */
  PermitSchedule read(Connection connection, int own, Instant deferredUntil, QuotaLimits limits)
      throws SQLException {
    List<Line> lines =
        Queries.list(
            connection,
            """
            WITH clock AS MATERIALIZED (
              SELECT coalesce(?::timestamptz, clock_timestamp()) AS now
            ), alive AS MATERIALIZED (
              SELECT l.objid::bigint AS holder
                FROM pg_locks l
               WHERE l.locktype = 'advisory' AND l.granted
                 AND l.classid = ?::oid AND l.objsubid = 2
                 AND l.database = (SELECT d.oid FROM pg_database d
                                    WHERE d.datname = current_database())
            ), permit AS MATERIALIZED (
              SELECT p.id, p.holder, p.lease_until, f.free_at, f.free_at <= c.now AS is_over
                FROM fathom_ops.permit p
               CROSS JOIN clock c
               CROSS JOIN LATERAL (SELECT p.ended_at + ? * interval '1 microsecond' AS free_at) f
               WHERE p.account = ? AND p.quota = ?
            ), place AS MATERIALIZED (
              SELECT q.ticket, q.holder, q.priority, q.waiting, q.fresh_until
                FROM fathom_ops.permit_queue q, clock c
               WHERE q.account = ? AND q.quota = ? AND q.fresh_until >= c.now
                 AND (q.holder = ? OR q.holder IN (SELECT holder FROM alive))
            )
            SELECT 'now' AS kind, 0::bigint AS number, 0 AS holder, 0 AS priority, true AS flag,
                   c.now AS at
              FROM clock c
            UNION ALL
            SELECT 'open', p.id, p.holder, 0,
                   p.holder = ? OR p.holder IN (SELECT holder FROM alive), p.lease_until
              FROM permit p
             WHERE p.free_at IS NULL
            UNION ALL
            SELECT 'ended', count(*), p.holder, 0, p.is_over, max(p.free_at)
              FROM permit p
             WHERE p.free_at IS NOT NULL
             GROUP BY p.holder, p.is_over
            UNION ALL
            (SELECT 'free', 0, 0, 0, true, p.free_at
               FROM permit p
              WHERE NOT p.is_over
              ORDER BY p.free_at
              LIMIT greatest(0, (SELECT count(*) FROM permit p WHERE p.is_over IS NOT TRUE)
                                + (SELECT count(*) FROM place) + 1 - ?))
            UNION ALL
            SELECT 'place', q.ticket, q.holder, q.priority, q.waiting, q.fresh_until
              FROM place q\
            """,
            p ->
                p.instant(clock.get())
                    .integer(Holders.LOCK_CLASS)
                    .number(PermitSchedule.hold(limits).toNanos() / 1_000)
                    .text(account)
                    .text(quota.key())
                    .text(account)
                    .text(quota.key())
                    .integer(own)
                    .integer(own)
                    .integer(limits.perWindow()),
            Line::of);
    Instant now = Instant.MIN;
    List<PermitSchedule.Permit> open = new ArrayList<>();
    Map<Integer, Integer> held = new HashMap<>();
    List<Instant> frees = new ArrayList<>();
    boolean hasOld = false;
    List<PermitSchedule.Place> queue = new ArrayList<>();
    for (Line l : lines) {
      switch (l.kind()) {
        case "now" -> now = l.at();
        case "open" ->
            open.add(new PermitSchedule.Permit(l.number(), l.holder(), l.at(), l.flag()));
        case "ended" -> {
          if (l.flag()) {
            hasOld = true;
          } else {
            held.put(l.holder(), Math.toIntExact(l.number()));
          }
        }
        case "free" -> frees.add(l.at());
        case "place" ->
            queue.add(new PermitSchedule.Place(l.number(), l.holder(), l.priority(), l.flag()));
        default -> throw new IllegalStateException(l.kind());
      }
    }
    return new PermitSchedule(now, deferredUntil, open, held, frees, hasOld, queue);
  }
}
