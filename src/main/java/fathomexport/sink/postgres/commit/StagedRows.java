package fathomexport.sink.postgres.commit;

import fathomexport.sink.WindowLoad;
import fathomexport.sink.postgres.db.Queries;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.util.Collection;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Copies a window's rows into its table. If rows of its periods are already stored, the new rows
 * are first copied into a temporary table, so that only periods whose rows differ are replaced.
 */
final class StagedRows {
  private static final String STAGE = "pg_temp.fathom_stage";

  private final Connection connection;
  private final WindowLoad load;
  private final WindowTable table;

  StagedRows(Connection connection, WindowLoad load, WindowTable table) {
    this.connection = connection;
    this.load = load;
    this.table = table;
  }

  /** Returns whether the table contains rows of these periods. */
  boolean occupied(Collection<LocalDate> periods) throws SQLException {
    return Queries.first(
            connection,
            "SELECT EXISTS (SELECT FROM " + table.name() + table.where() + ") AS occupied",
            p -> table.bind(p, periods),
            r -> r.flag("occupied"))
        .orElse(false);
  }

  /**
   * Copies the new rows directly into the table, which contains none of these periods.
   *
   * @return the periods of the copied rows
   */
  SortedSet<LocalDate> insert(Set<LocalDate> periods) throws SQLException, IOException {
    return new WindowRows(load).copyInto(connection, table.name(), periods);
  }

  /**
   * Copies the new rows into a temporary table.
   *
   * @return the periods whose rows differ from the stored ones
   */
  SortedSet<LocalDate> stage(Set<LocalDate> periods) throws SQLException, IOException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "CREATE TEMPORARY TABLE fathom_stage ON COMMIT DROP AS SELECT "
              + table.columns()
              + " FROM "
              + table.name()
              + " WITH NO DATA");
      // For this transaction only: enough memory to hash a window's rows without sorting them.
      statement.execute("SET LOCAL work_mem = '64MB'");
    }
    new WindowRows(load).copyInto(connection, STAGE, periods);
    String old = "SELECT " + table.columns() + " FROM " + table.name() + table.where();
    String staged = "SELECT " + table.columns() + " FROM " + STAGE;
    return new TreeSet<>(
        Queries.list(
            connection,
            "SELECT DISTINCT "
                + table.period()
                + " AS period FROM ((("
                + old
                + ") EXCEPT ALL ("
                + staged
                + ")) UNION ALL (("
                + staged
                + ") EXCEPT ALL ("
                + old
                + "))) AS difference",
            p -> {
              table.bind(p, periods);
              table.bind(p, periods);
            },
            r -> r.day("period")));
  }

  /** Replaces the rows of these periods with the staged ones. */
  void replace(Collection<LocalDate> periods) throws SQLException {
    if (periods.isEmpty()) {
      return;
    }
    Queries.update(
        connection, "DELETE FROM " + table.name() + table.where(), p -> table.bind(p, periods));
    Queries.update(
        connection,
        "INSERT INTO "
            + table.name()
            + " ("
            + table.columns()
            + ") SELECT "
            + table.columns()
            + " FROM "
            + STAGE
            + " WHERE "
            + table.period()
            + " = ANY (?)",
        p -> p.days(periods));
  }
}
