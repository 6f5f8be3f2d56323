package fathomexport.sink.postgres.lease;

import fathomexport.sink.postgres.db.Queries;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what a run does with permits of one quota of one account: the tables {@code account},
 * {@code permit}, {@code permit_queue} and {@code request_count}. All times are the database's.
 */
final class PermitTables {
  private static final Logger LOG = LoggerFactory.getLogger(PermitTables.class);

  /**
   * How long the queue waits for a run that was just served, and that has a higher priority or
   * fewer permits, to ask again.
   */
  private static final Duration BACK_SOON = Duration.ofSeconds(2);

  private final String account;
  private final LeasedQuota quota;
  private final Supplier<@Nullable Instant> clock;

  /**
   * @param clock replaces the database's clock; supplies null for the database's own
   */
  PermitTables(String account, LeasedQuota quota, Supplier<@Nullable Instant> clock) {
    this.account = account;
    this.quota = quota;
    this.clock = clock;
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

  /** Records which requests have ended, and deletes permits and places that no longer count. */
  void forget(Connection connection, PermitSchedule schedule, QuotaLimits limits)
      throws SQLException {
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
                    .flag(quota == LeasedQuota.REPORTS)
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
