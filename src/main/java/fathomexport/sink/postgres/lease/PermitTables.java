package fathomexport.sink.postgres.lease;

import fathomexport.sink.postgres.db.Queries;
import fathomexport.sink.postgres.db.Row;
import fathomexport.sink.postgres.lease.PermitLease.Limits;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tables {@code account}, {@code permit}, {@code permit_queue} and {@code request_count} for
 * one quota of one account. All times are the database's.
 */
final class PermitTables {
  private static final Logger LOG = LoggerFactory.getLogger(PermitTables.class);

  /** The first of the two keys of a holder's advisory lock; the second is the holder's number. */
  private static final int LOCK_CLASS = 0x66617468;

  /**
   * How long the queue waits for a run that was just served, and that has a higher priority or
   * fewer permits, to ask again.
   */
  private static final Duration BACK_SOON = Duration.ofSeconds(2);

  private final String account;
  private final PermitLease.Quota quota;
  private final Supplier<@Nullable Instant> clock;

  /**
   * @param clock replaces the database's clock; supplies null for the database's own
   */
  PermitTables(String account, PermitLease.Quota quota, Supplier<@Nullable Instant> clock) {
    this.account = account;
    this.quota = quota;
    this.clock = clock;
  }

  // --- Holders

  /** Creates a holder, which lives as long as the session, and returns its number. */
  int newHolder(Connection connection) throws SQLException {
    return Queries.first(
            connection,
            """
            SELECT h AS holder, pg_advisory_lock(?, h)
              FROM (SELECT nextval('fathom_ops.permit_holder')::integer AS h) n\
            """,
            p -> p.integer(LOCK_CLASS),
            r -> r.integer("holder"))
        .orElseThrow();
  }

  /** Creates the account's row, which every request for a permit locks. */
  void enter(Connection connection) throws SQLException {
    Queries.update(
        connection,
        """
        INSERT INTO fathom_ops.account (account, quota) VALUES (?, ?)
        ON CONFLICT DO NOTHING\
        """,
        p -> p.text(account).text(quota.key()));
  }

  /** Transfers permits that earlier sessions of the same run hold for requests under way. */
  static void takeOver(Connection connection, int holder, Collection<Integer> earlier)
      throws SQLException {
    Queries.update(
        connection,
        """
        UPDATE fathom_ops.permit SET holder = ?
         WHERE holder = ANY (?) AND ended_at IS NULL\
        """,
        p -> p.integer(holder).integers(earlier));
  }

  /** Deletes all places of a holder in the queue. */
  static void leaveAll(Connection connection, int holder) throws SQLException {
    Queries.update(
        connection, "DELETE FROM fathom_ops.permit_queue WHERE holder = ?", p -> p.integer(holder));
  }

  // --- Reading

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
  PermitSchedule read(Connection connection, int own, Instant deferredUntil, Limits limits)
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
                    .integer(LOCK_CLASS)
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

  /** Records which requests have ended, and deletes permits and places that no longer count. */
  void forget(Connection connection, PermitSchedule schedule, Limits limits) throws SQLException {
    for (PermitSchedule.Permit permit : schedule.open()) {
      Instant ended = permit.endedBy(schedule.now());
      if (ended != null) {
        LOG.warn(
            "a request of {} counts as ended, because its run {}",
            account,
            permit.alive() ? "has not reported its end in time" : "no longer exists");
        Queries.update(
            connection,
            "UPDATE fathom_ops.permit SET ended_at = ? WHERE id = ? AND ended_at IS NULL",
            p -> p.instant(ended).number(permit.id()));
      }
    }
    if (schedule.isToForget(limits)) {
      Queries.update(
          connection,
          """
          WITH permits AS (
            DELETE FROM fathom_ops.permit WHERE account = ? AND quota = ? AND ended_at <= ?
          )
          DELETE FROM fathom_ops.permit_queue
           WHERE account = ? AND quota = ? AND fresh_until < ?\
          """,
          p ->
              p.text(account)
                  .text(quota.key())
                  .instant(schedule.now().minus(PermitSchedule.hold(limits)))
                  .text(account)
                  .text(quota.key())
                  .instant(schedule.now()));
    }
  }

  // --- Writing

  /**
   * A permit that was taken.
   *
   * @param ticket the place in the queue that it was taken from
   */
  record Taken(long permit, long ticket) {}

  /**
   * Takes a permit for a holder, counts its request, and leaves a place in the queue for the
   * holder's next request.
   *
   * @param ticket the place that waited for the permit; null if none did
   * @param former places of the holder's ended requests, which this one replaces
   */
  Taken take(
      Connection connection,
      @Nullable Long ticket,
      Collection<Long> former,
      int holder,
      int priority,
      Instant now,
      Instant leaseUntil)
      throws SQLException {
    return Queries.first(
            connection,
            """
            WITH counted AS (
              INSERT INTO fathom_ops.request_count AS c (account, day, requests, limited)
              SELECT ?, ?, 1, 0 WHERE ?
              ON CONFLICT (account, day) DO UPDATE SET requests = c.requests + 1
            ), gone AS (
              DELETE FROM fathom_ops.permit_queue WHERE ticket = ANY (?)
            ), kept AS (
              UPDATE fathom_ops.permit_queue SET holder = ?, fresh_until = ?, waiting = false
               WHERE ticket = ?
              RETURNING ticket
            ), placed AS (
              INSERT INTO fathom_ops.permit_queue
                (account, quota, holder, priority, waiting, fresh_until)
              SELECT ?, ?, ?, ?, false, ? WHERE NOT EXISTS (SELECT FROM kept)
              RETURNING ticket
            ), taken AS (
              INSERT INTO fathom_ops.permit (account, quota, holder, taken_at, lease_until)
              VALUES (?, ?, ?, ?, ?)
              RETURNING id
            )
            SELECT t.id, q.ticket
              FROM taken t, (SELECT ticket FROM kept UNION ALL SELECT ticket FROM placed) q\
            """,
            p ->
                p.text(account)
                    .day(now.atOffset(ZoneOffset.UTC).toLocalDate())
                    .flag(quota == PermitLease.Quota.REPORTS)
                    .numbers(former)
                    .integer(holder)
                    .instant(leaseUntil)
                    .number(ticket)
                    .text(account)
                    .text(quota.key())
                    .integer(holder)
                    .integer(priority)
                    .instant(leaseUntil)
                    .text(account)
                    .text(quota.key())
                    .integer(holder)
                    .instant(now)
                    .instant(leaseUntil),
            r -> new Taken(r.number("id"), r.number("ticket")))
        .orElseThrow();
  }

  /**
   * Updates a place of a waiting run in the queue, or takes one at its end.
   *
   * @param ticket the place; null for a new one
   * @param former places of the holder's ended requests, which this one replaces
   * @return the place
   */
  long await(
      Connection connection,
      @Nullable Long ticket,
      Collection<Long> former,
      int holder,
      int priority,
      Instant freshUntil)
      throws SQLException {
    if (ticket != null
        && Queries.update(
                connection,
                """
                WITH gone AS (
                  DELETE FROM fathom_ops.permit_queue WHERE ticket = ANY (?)
                )
                UPDATE fathom_ops.permit_queue SET holder = ?, fresh_until = ?
                 WHERE ticket = ?\
                """,
                p -> p.numbers(former).integer(holder).instant(freshUntil).number(ticket))
            == 1) {
      return ticket;
    }
    return Queries.first(
            connection,
            """
            WITH gone AS (
              DELETE FROM fathom_ops.permit_queue WHERE ticket = ANY (?)
            )
            INSERT INTO fathom_ops.permit_queue
              (account, quota, holder, priority, waiting, fresh_until)
            VALUES (?, ?, ?, ?, true, ?)
            RETURNING ticket\
            """,
            p ->
                p.numbers(former)
                    .text(account)
                    .text(quota.key())
                    .integer(holder)
                    .integer(priority)
                    .instant(freshUntil),
            r -> r.number("ticket"))
        .orElseThrow();
  }

  static void leave(Connection connection, long ticket) throws SQLException {
    Queries.update(
        connection, "DELETE FROM fathom_ops.permit_queue WHERE ticket = ?", p -> p.number(ticket));
  }

  /**
   * Records that a permit's request has ended. It is counted as limited only if its end was not
   * recorded before: a run repeats the record if the reply was lost.
   *
   * @param ticket the place that the permit was given to
   * @param ago how long ago it ended
   * @param limited whether the API answered that a limit was exceeded
   */
  void end(Connection connection, long permit, @Nullable Long ticket, Duration ago, boolean limited)
      throws SQLException {
    Queries.update(
        connection,
        """
        WITH clock AS MATERIALIZED (
          SELECT coalesce(?::timestamptz, clock_timestamp() - ? * interval '1 microsecond')
                 AS ended_at
        ), before AS MATERIALIZED (
          SELECT id, ended_at IS NULL AS is_first FROM fathom_ops.permit WHERE id = ? FOR UPDATE
        ), ended AS (
          UPDATE fathom_ops.permit p
             SET ended_at = greatest(p.ended_at, c.ended_at)
            FROM clock c, before b
           WHERE p.id = b.id
          RETURNING p.account, p.quota, p.taken_at, b.is_first
        ), back AS (
          UPDATE fathom_ops.permit_queue q
             SET fresh_until = c.ended_at + ? * interval '1 millisecond'
            FROM clock c
           WHERE q.ticket = ? AND NOT q.waiting
        )
        UPDATE fathom_ops.request_count r
           SET limited = r.limited + 1
          FROM ended e
         WHERE ? AND e.is_first AND e.quota = 'reports' AND r.account = e.account
           AND r.day = (e.taken_at AT TIME ZONE 'UTC')::date\
        """,
        p ->
            p.instant(clock.get())
                .number(ago.toNanos() / 1_000)
                .number(permit)
                .number(BACK_SOON.toMillis())
                .number(ticket)
                .flag(limited));
  }

  /** Deletes a permit that was not used, and subtracts its request from the count. */
  static void giveBack(Connection connection, long permit, @Nullable Long ticket)
      throws SQLException {
    Queries.update(
        connection,
        """
        WITH unused AS (
          DELETE FROM fathom_ops.permit WHERE id = ? RETURNING account, quota, taken_at
        ), gone AS (
          DELETE FROM fathom_ops.permit_queue WHERE ticket = ?
        )
        UPDATE fathom_ops.request_count r
           SET requests = r.requests - 1
          FROM unused u
         WHERE u.quota = 'reports' AND r.account = u.account
           AND r.day = (u.taken_at AT TIME ZONE 'UTC')::date\
        """,
        p -> p.number(permit).number(ticket));
  }

  /** Blocks all requests of the account for this long; never shortens an earlier block. */
  void defer(Connection connection, Duration time) throws SQLException {
    Queries.update(
        connection,
        """
        UPDATE fathom_ops.account
           SET deferred_until = greatest(deferred_until,
                 coalesce(?::timestamptz, clock_timestamp()) + ? * interval '1 millisecond')
         WHERE account = ? AND quota = ?\
        """,
        p -> p.instant(clock.get()).number(time.toMillis()).text(account).text(quota.key()));
  }
}
