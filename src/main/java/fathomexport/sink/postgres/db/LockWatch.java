package fathomexport.sink.postgres.db;

import java.lang.ref.WeakReference;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reports for which lock a session of this process waits, and who holds it. A session that waits
 * cannot report it itself, so a thread asks the server from a separate connection, which it opens
 * when it first asks: commands that end quickly never do. Whatever a session waits for is found in
 * this way: a table, a row, another run's migration.
 */
final class LockWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LockWatch.class);

  /** A wait is reported after at most twice this time, so before it has lasted ten seconds. */
  static final Duration PAUSE = Duration.ofSeconds(4);

  private static final Duration AGAIN = Duration.ofMinutes(1);

  private final Source source;
  private final String place;
  private final Duration pause;
  private final Map<Integer, WeakReference<Connection>> sessions = new ConcurrentHashMap<>();
  private final Map<Integer, Long> reported = new HashMap<>();
  private @Nullable Thread thread;
  private volatile boolean closed;

  /** Opens the connection of the watch. */
  interface Source {
    Connection connect() throws SQLException;
  }

  /**
   * @param place the database, for messages
   * @param pause between two questions to the server
   */
  LockWatch(Source source, String place, Duration pause) {
    this.source = source;
    this.place = place;
    this.pause = pause;
  }

  /** Watches a connection until it is closed. */
  void add(Connection connection) throws SQLException {
    sessions.put(
        connection.unwrap(PGConnection.class).getBackendPID(), new WeakReference<>(connection));
    start();
  }

  private synchronized void start() {
    if (thread == null && !closed) {
      Thread watch = new Thread(this::run, "lock-watch");
      watch.setDaemon(true);
      watch.start();
      thread = watch;
    }
  }

  private void run() {
    Connection connection = null;
    try {
      while (!closed) {
        Thread.sleep(pause.toMillis());
        Set<Integer> open = open();
        if (open.isEmpty()) {
          continue;
        }
        try {
          if (connection == null) {
            connection = source.connect();
          }
          report(waits(connection, open));
        } catch (SQLException e) {
          // The sessions themselves report a database that is gone.
          LOG.debug("cannot ask PostgreSQL at {} which session waits for a lock", place, e);
          close(connection);
          connection = null;
        }
      }
    } catch (InterruptedException e) {
      // Closed.
      Thread.currentThread().interrupt();
    } finally {
      close(connection);
    }
  }

  private static void close(@Nullable Connection connection) {
    if (connection != null) {
      try {
        connection.close();
      } catch (SQLException e) {
        LOG.debug("the connection of the lock watch did not close", e);
      }
    }
  }

  private Set<Integer> open() {
    sessions.values().removeIf(session -> isClosed(session.get()));
    return new HashSet<>(sessions.keySet());
  }

  private static boolean isClosed(@Nullable Connection connection) {
    try {
      return connection == null || connection.isClosed();
    } catch (SQLException broken) {
      return true;
    }
  }

  /** A session of this process that waits, with what it waits for and who holds that. */
  private record Wait(int session, String lock, long seconds, String holders) {}

  private List<Wait> waits(Connection connection, Set<Integer> open) throws SQLException {
    return Queries.list(
        connection,
        """
        SELECT l.pid,
               CASE WHEN c.oid IS NOT NULL THEN n.nspname || '.' || c.relname
                    WHEN l.locktype = 'advisory' THEN 'a lock of another run or migration'
                    WHEN l.locktype = 'transactionid' THEN 'the end of another transaction'
                    ELSE 'a lock of type ' || l.locktype END AS lock,
               extract(epoch FROM pg_catalog.clock_timestamp() - l.waitstart)::bigint AS seconds,
               coalesce((SELECT string_agg(
                           'session ' || b.pid || ' (role ' || coalesce(b.usename, 'unknown')
                             || ', application '
                             || coalesce(nullif(b.application_name, ''), 'unnamed')
                             || coalesce(', ' || b.state, '')
                             || coalesce(' since ' || date_trunc('second', b.state_change), '')
                             || ')', ', ' ORDER BY b.pid)
                           FROM pg_catalog.pg_stat_activity b
                          WHERE b.pid = ANY (pg_catalog.pg_blocking_pids(l.pid))),
                        'a session that cannot be named') AS holders
          FROM pg_catalog.pg_locks l
          LEFT JOIN pg_catalog.pg_class c
            ON l.locktype IN ('relation', 'tuple') AND c.oid = l.relation
          LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE NOT l.granted AND l.pid::text = ANY (?) AND l.waitstart IS NOT NULL
           AND l.waitstart < pg_catalog.clock_timestamp() - ? * interval '1 millisecond'\
        """,
        p -> p.texts(open.stream().map(String::valueOf).toList()).number(pause.toMillis()),
        r -> new Wait(r.integer("pid"), r.text("lock"), r.number("seconds"), r.text("holders")));
  }

  private void report(List<Wait> waits) {
    Set<Integer> waiting = new HashSet<>();
    for (Wait wait : waits) {
      waiting.add(wait.session());
      Long last = reported.get(wait.session());
      if (last == null || System.nanoTime() - last >= AGAIN.toNanos()) {
        reported.put(wait.session(), System.nanoTime());
        LOG.warn(
            "PostgreSQL at {}: waiting for {} for {} s; held by {}",
            place,
            wait.lock(),
            wait.seconds(),
            wait.holders());
      }
    }
    reported.keySet().retainAll(waiting);
  }

  @Override
  public synchronized void close() {
    closed = true;
    Thread watch = thread;
    if (watch != null) {
      watch.interrupt();
    }
  }
}
