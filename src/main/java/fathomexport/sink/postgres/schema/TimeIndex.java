package fathomexport.sink.postgres.schema;

import fathomexport.report.Column;
import fathomexport.report.ColumnType;
import fathomexport.report.DateGrouping;
import fathomexport.report.Program;
import fathomexport.report.Report;
import fathomexport.report.TableSchema;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.DatabaseFailure;
import fathomexport.sink.postgres.db.Queries;
import fathomexport.sink.postgres.db.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The index on the time column of a report's table, for readers who ask for days of all sites. It
 * is a block range index: it is a few kilobytes per gigabyte of rows and costs a load nothing that
 * can be measured. It stores several intervals per block range, because a replaced window puts its
 * rows into whatever space is free, among rows of other days.
 */
final class TimeIndex {
  /** Blocks per range: small enough that a site's day is not drowned in other days. */
  private static final int BLOCKS = 32;

  private static final String LOCK = "fathom-export/index";

  /** The server's marks on the index, by which it is recognised whatever its name is. */
  private static final String IS =
      """
       FROM pg_catalog.pg_index i
       JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_catalog.pg_am m ON m.oid = c.relam AND m.amname = 'brin'
       JOIN pg_catalog.pg_opclass o ON o.oid = i.indclass[0]
       JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
      WHERE i.indrelid = pg_catalog.to_regclass(?) AND i.indnatts = 1 AND i.indpred IS NULL
        AND a.attname = ? AND o.opcname = ?\
      """;

  private final String table;
  private final String column;
  private final String operators;

  private TimeIndex(String table, Column time) {
    this.table = table;
    this.column = time.name();
    this.operators =
        time.type() == ColumnType.TIMESTAMP
            ? "timestamp_minmax_multi_ops"
            : "date_minmax_multi_ops";
  }

  /** Returns the index of a report's table; empty without date grouping, where ranges overlap. */
  static List<TimeIndex> of(Report report, String qualifiedTable) {
    if (report.dateGrouping() == DateGrouping.NONE) {
      return List.of();
    }
    TableSchema schema = report.schema();
    return List.of(
        new TimeIndex(qualifiedTable, schema.columns().get(schema.indexOf(Column.Role.TIME))));
  }

  /** Returns the statement that creates the index of a table that was just created. */
  String create() {
    return create("");
  }

  private String create(String how) {
    // Unnamed, so that a renamed table keeps its index and another table can take the name.
    return "CREATE INDEX %sON %s USING brin (%s %s) WITH (pages_per_range = %d, autosummarize = on)"
        .formatted(how, table, Sql.name(column), operators, BLOCKS);
  }

  private List<String> present(Connection connection, boolean valid) throws SQLException {
    return Queries.list(
        connection,
        "SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS name"
            + IS
            + " AND i.indisvalid = ?",
        p -> p.text(table).text(column).text(operators).flag(valid),
        r -> r.text("name"));
  }

  /**
   * Creates the indexes that tables lack, each without blocking those who read or load the table.
   * An index that an interrupted attempt has left unusable is dropped and built again.
   *
   * <p>Call it without the lock on migrations: the server waits for every statement that is older
   * than the index, and a run that waits for that lock is one.
   *
   * @param longestWait how long to wait for older transactions of other sessions
   * @return what could not be done, with the remedy, in sentences for people
   */
  static List<String> complete(Database database, List<TimeIndex> indexes, Duration longestWait)
      throws SQLException {
    List<String> notices = new ArrayList<>();
    if (indexes.isEmpty()) {
      return notices;
    }
    Connection connection = database.session();
    boolean asItWas = false;
    try (Statement statement = connection.createStatement()) {
      List<TimeIndex> lacking = new ArrayList<>();
      for (TimeIndex index : indexes) {
        if (index.present(connection, true).isEmpty()) {
          lacking.add(index);
        }
      }
      if (lacking.isEmpty() || !tryLock(connection)) {
        // Another run that holds the lock builds the indexes.
        asItWas = true;
        return notices;
      }
      statement.execute("SET lock_timeout = " + longestWait.toMillis());
      for (TimeIndex index : lacking) {
        try {
          index.build(connection, statement);
        } catch (SQLException e) {
          if (DatabaseFailure.lost(e)) {
            throw e;
          }
          notices.add(index.notice(e));
        }
      }
    } finally {
      if (asItWas) {
        database.giveBack(connection);
      } else {
        database.discard(connection);
      }
    }
    return notices;
  }

  private void build(Connection connection, Statement statement) throws SQLException {
    // Another run may have built it before this one took the lock.
    if (!present(connection, true).isEmpty()) {
      return;
    }
    for (String unusable : present(connection, false)) {
      statement.execute("DROP INDEX CONCURRENTLY IF EXISTS " + unusable);
    }
    statement.execute(create("CONCURRENTLY "));
  }

  /** Closing the connection frees the lock. */
  private static boolean tryLock(Connection connection) throws SQLException {
    return Queries.first(
            connection,
            "SELECT pg_try_advisory_lock(hashtextextended(?, 0)) AS held",
            p -> p.text(LOCK),
            r -> r.flag("held"))
        .orElse(false);
  }

  private String notice(SQLException e) {
    String reason = String.valueOf(e.getMessage());
    return "table "
        + table.replace("\"", "")
        + " has no index on "
        + column
        + " yet, so that queries over all sites read the whole table: "
        + (DatabaseFailure.isDenied(e)
            ? Program.theOwnerMigrates() + " (" + reason + ")"
            : "`"
                + Program.command("migrate")
                + "` tries again, and so does a run as the role that owns the table ("
                + reason
                + ")");
  }
}
