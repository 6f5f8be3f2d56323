package fathomexport.sink.postgres;

import fathomexport.sink.postgres.db.DatabaseFailure;
import fathomexport.sink.postgres.db.Queries;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the planner knows of tables that a run has filled. The server looks at them by itself, but
 * minutes later or, where autovacuum is off, never; until then it takes a small table for a large
 * one, and compiles queries that would be answered sooner than that.
 */
final class FreshStatistics {
  private static final Logger LOG = LoggerFactory.getLogger(FreshStatistics.class);

  private FreshStatistics() {}

  /**
   * Has the server analyze the tables that it knows nothing of, or of which more rows have changed
   * since than they had. What cannot be analyzed is left to the server and named in the log.
   *
   * @param connection in autocommit mode
   * @param stopped is asked before each table
   * @throws SQLException if the connection is lost
   */
  static void renew(Connection connection, BooleanSupplier stopped) throws SQLException {
    for (String table : outdated(connection)) {
      if (stopped.getAsBoolean()) {
        return;
      }
      try {
        Queries.first(
            connection,
            "SELECT fathom_ops.analyze_table(?::pg_catalog.regclass) IS NULL AS done",
            p -> p.text(table),
            r -> r.flag("done"));
      } catch (SQLException e) {
        if (DatabaseFailure.lost(e)) {
          throw e;
        }
        LOG.info("table {} was not analyzed, autovacuum does it later: {}", table, e.getMessage());
      }
    }
  }

  private static List<String> outdated(Connection connection) throws SQLException {
    return Queries.list(
        connection,
        """
        SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS name
          FROM pg_catalog.pg_class c
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname IN ('fathom', 'fathom_ops') AND c.relkind = 'r'
           AND (c.reltuples < 0
                OR pg_catalog.pg_stat_get_mod_since_analyze(c.oid) > greatest(c.reltuples, 1000))
         ORDER BY 1\
        """,
        p -> {},
        r -> r.text("name"));
  }
}
