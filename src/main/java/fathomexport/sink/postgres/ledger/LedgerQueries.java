package fathomexport.sink.postgres.ledger;

import fathomexport.ledger.LedgerException;
import fathomexport.report.Program;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.sink.SinkException;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.DatabaseFailure;
import fathomexport.sink.postgres.db.Queries;
import fathomexport.sink.postgres.db.Queries.Binding;
import fathomexport.sink.postgres.db.Queries.RowMapper;
import fathomexport.sink.postgres.db.Row;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/**
 * Runs statements on the ledger's tables, each in its own transaction and retried when the
 * connection breaks. Translates failures into the exceptions of the ledger's interface.
 */
final class LedgerQueries {
  private final Database database;

  LedgerQueries(Database database) {
    this.database = database;
  }

  /** Returns all rows of the result; empty if the database contains no ledger yet. */
  <T> List<T> list(String sql, Binding binding, RowMapper<T> mapper) {
    try {
      return database.with(connection -> Queries.list(connection, sql, binding, mapper));
    } catch (SQLException e) {
      if (DatabaseFailure.isNotMigrated(e) && neverMigrated(e)) {
        // The query comes before the first run, for example from a plan: nothing is stored yet.
        return List.of();
      }
      throw translate(e);
    }
  }

  <T> Optional<T> first(String sql, Binding binding, RowMapper<T> mapper) {
    return list(sql, binding, mapper).stream().findFirst();
  }

  void update(String sql, Binding binding) {
    try {
      database.with(
          connection -> {
            connection.setAutoCommit(false);
            int changed = Queries.update(connection, sql, binding);
            connection.commit();
            return changed;
          });
    } catch (SQLException e) {
      throw translate(e);
    }
  }

  /** Returns whether the database contains none of the ledger's tables, rather than only some. */
  private boolean neverMigrated(SQLException first) {
    try {
      return database.with(LedgerQueries::hasNoTables);
    } catch (SQLException e) {
      e.addSuppressed(first);
      throw translate(e);
    }
  }

  private static boolean hasNoTables(Connection connection) throws SQLException {
    return Queries.first(
            connection,
            """
            SELECT NOT EXISTS (
              SELECT FROM pg_catalog.pg_tables WHERE schemaname = 'fathom_ops'
            ) AS none\
            """,
            p -> {},
            r -> r.flag("none"))
        .orElse(false);
  }

  /** Translates a failed statement into an exception of the ledger's interface. */
  RuntimeException translate(SQLException e) {
    if (DatabaseFailure.isNotMigrated(e)) {
      return new SinkException(
          SinkException.Kind.SETTINGS,
          "PostgreSQL at "
              + database.place()
              + " lacks tables of this version of the program: "
              + Program.theOwnerMigrates(),
          e);
    }
    DatabaseFailure failure = database.failure(e);
    if (DatabaseFailure.isDenied(e)) {
      return new LedgerException(failure.denial(), e);
    }
    return failure.kind() == SinkException.Kind.UNAVAILABLE
        ? new LedgerException(failure.message(), e)
        : new SinkException(failure.kind(), failure.message(), e);
  }

  static Slice slice(Row r) throws SQLException {
    String event = r.text("event_name");
    return new Slice(new SiteId(r.text("site_id")), event.isEmpty() ? null : event);
  }

  /** Replaces U+0000, which PostgreSQL's text cannot contain but damaged rows may. */
  static String storable(String text) {
    return text.replace('\0', '\uFFFD');
  }
}
