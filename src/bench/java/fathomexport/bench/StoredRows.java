package fathomexport.bench;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What both sinks hold of some reports, to compare what exports of the same sites have stored.
 *
 * @param digests of all rows of each table and of each set of files, by a name
 * @param rows of all tables together
 */
record StoredRows(Map<String, String> digests, long rows) {
  private static final String DIGEST =
      "SELECT count(*), md5(string_agg(r, '|' ORDER BY r)) FROM (SELECT t::text AS r FROM %s t) s";

  /**
   * Reads the rows.
   *
   * @param warehouse the directory of the Parquet files
   * @throws IllegalStateException if a table and the files of its report differ in their number of
   *     rows
   */
  static StoredRows of(Connection database, Path warehouse, List<String> reports)
      throws SQLException {
    Map<String, String> digests = new TreeMap<>();
    long rows = 0;
    try (Connection duck = DriverManager.getConnection("jdbc:duckdb:")) {
      for (String report : reports) {
        String files =
            "read_parquet('"
                + warehouse.resolve(report)
                + "/**/*.parquet', hive_partitioning=false)";
        long inTable = digest(database, "fathom." + report, "table " + report, digests);
        long inFiles = digest(duck, files, "files of " + report, digests);
        if (inTable != inFiles) {
          throw new IllegalStateException(
              report + " has " + inTable + " rows in its table, and " + inFiles + " in its files");
        }
        rows += inTable;
      }
    }
    return new StoredRows(digests, rows);
  }

  /** Enters the digest of the rows, and returns how many there are. */
  private static long digest(
      Connection connection, String from, String name, Map<String, String> digests)
      throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(DIGEST.formatted(from))) {
      row.next();
      digests.put(name, String.valueOf(row.getString(2)));
      return row.getLong(1);
    }
  }
}
