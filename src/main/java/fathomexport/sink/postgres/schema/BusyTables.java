package fathomexport.sink.postgres.schema;

import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.DatabaseFailure;
import fathomexport.sink.postgres.db.Queries;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import org.flywaydb.core.api.FlywayException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Changes tables that other sessions use, without making those sessions wait for long. */
final class BusyTables {
  private static final Logger LOG = LoggerFactory.getLogger(BusyTables.class);

  /** With a wait and a pause of two seconds each: five minutes. */
  private static final int TRIES = 75;

  private static final int SAID_EVERY = 15;

  private final Database database;
  private final Duration longestWait;

  /**
   * @param longestWait how long others may use a table before the next try
   */
  BusyTables(Database database, Duration longestWait) {
    this.database = database;
    this.longestWait = longestWait;
  }

  /** A change of tables that does nothing or everything, so that it can be tried again. */
  interface Change {
    void make() throws SQLException;
  }

  /**
   * Makes a change, and tries again as long as another session uses a table that must change. No
   * try waits for long: all that come to read the table would have to wait behind it.
   */
  void untilFree(Change change) throws SQLException {
    for (int tries = 1; ; tries++) {
      try {
        change.make();
        return;
      } catch (FlywayException | SQLException e) {
        SQLException cause = DatabaseFailure.in(e).orElse(null);
        if (cause == null || !DatabaseFailure.isLockNotAvailable(cause) || tries >= TRIES) {
          throw e;
        }
        if (tries == 1 || tries % SAID_EVERY == 0) {
          LOG.warn(
              "PostgreSQL at {}: a table that must change is in use; trying again until it is free."
                  + " Held by {}",
              database.place(),
              holders());
        }
        if (!rested()) {
          throw e;
        }
      }
    }
  }

  /** Returns whether the pause was not interrupted. */
  private boolean rested() {
    try {
      Thread.sleep(longestWait.toMillis());
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Returns the sessions that use tables of the program, for messages. */
  private String holders() {
    try (Connection connection = database.connect()) {
      return Queries.first(
              connection,
              """
              SELECT string_agg(held, ', ') AS holders
                FROM (SELECT n.nspname || '.' || c.relname || ': session ' || a.pid || ' (role '
                               || coalesce(a.usename, 'unknown') || ', application '
                               || coalesce(nullif(a.application_name, ''), 'unnamed')
                               || coalesce(', ' || a.state, '') || ')' AS held
                        FROM pg_catalog.pg_locks l
                        JOIN pg_catalog.pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'v')
                        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                        JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
                       WHERE l.granted AND n.nspname IN ('fathom', 'fathom_ops')
                         AND a.datname = pg_catalog.current_database()
                         AND a.application_name <> 'fathom-export'
                       ORDER BY a.xact_start
                       LIMIT 5) h\
              """,
              p -> {},
              r -> String.valueOf(r.textOrNull("holders")))
          .filter(holders -> !holders.equals("null"))
          .orElse("a session that cannot be named");
    } catch (SQLException e) {
      return "a session that cannot be named (" + e.getMessage() + ")";
    }
  }
}
