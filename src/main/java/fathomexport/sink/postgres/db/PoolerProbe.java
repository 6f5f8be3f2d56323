package fathomexport.sink.postgres.db;

import java.sql.Connection;
import java.sql.SQLException;

/**
 * Detects a connection pooler that gives each transaction of a connection another session of the
 * server, as PgBouncer does with {@code pool_mode = transaction}. The locks of a run belong to
 * sessions: behind such a pooler they would stay behind in a session of the pool, where nothing
 * frees them, and every later command would wait for them.
 */
public final class PoolerProbe {
  private static final int ROUNDS = 3;

  private PoolerProbe() {}

  /**
   * Returns whether two open connections in autocommit mode share a session, or change theirs.
   * Without a pooler, or with one that keeps a connection's session, neither ever happens.
   */
  public static boolean sharesSessions(Connection a, Connection b) throws SQLException {
    int first = session(a);
    int second = session(b);
    for (int i = 0; i < ROUNDS; i++) {
      // A pool usually hands out the session that was used last.
      if (first == second || session(a) != first || session(b) != second) {
        return true;
      }
    }
    // A pool that rotates its sessions cannot give away one in which a transaction is open.
    b.setAutoCommit(false);
    try {
      return session(b) != second || session(a) != first;
    } finally {
      b.rollback();
      b.setAutoCommit(true);
    }
  }

  /** Returns what is wrong with such a pooler, and what to do. */
  static String words(String place) {
    return "PostgreSQL at "
        + place
        + " is reached through a connection pooler that gives each transaction another session"
        + " (PgBouncer with pool_mode = transaction or statement). The locks of a run belong to a"
        + " session and would stay behind in the pool. Let postgres.url in the settings lead to the"
        + " server itself, or to a pool with pool_mode = session";
  }

  private static int session(Connection connection) throws SQLException {
    return Queries.first(
            connection, "SELECT pg_catalog.pg_backend_pid() AS pid", p -> {}, r -> r.integer("pid"))
        .orElseThrow();
  }
}
