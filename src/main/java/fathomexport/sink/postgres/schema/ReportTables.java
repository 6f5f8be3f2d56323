package fathomexport.sink.postgres.schema;

import fathomexport.report.Report;
import fathomexport.sink.Refusals;
import fathomexport.sink.SinkException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** The tables of a job's reports, as a migration sees them. */
record ReportTables(List<ReportTable> tables) {
  ReportTables {
    tables = List.copyOf(tables);
  }

  static ReportTables of(List<Report> reports) {
    return new ReportTables(reports.stream().map(ReportTable::new).toList());
  }

  /** Returns the names of the reports whose tables do not exist yet. */
  List<String> missing(Connection connection) throws SQLException {
    List<String> missing = new ArrayList<>();
    for (ReportTable table : tables) {
      if (!table.exists(connection)) {
        missing.add(table.report().name());
      }
    }
    return missing;
  }

  /** Returns the indexes that these tables must have. */
  List<TimeIndex> timeIndexes() {
    return tables.stream().flatMap(table -> table.timeIndex().stream()).toList();
  }

  /** Returns one migration per table, each with the checksum by which Flyway knows it. */
  List<ReportMigration> migrations(Connection connection) throws SQLException {
    List<ReportMigration> migrations = new ArrayList<>();
    for (ReportTable table : tables) {
      migrations.add(new ReportMigration(table, checksum(connection, table)));
    }
    return migrations;
  }

  /**
   * Refuses reports whose tables cannot be created or extended.
   *
   * @throws SinkException {@code DEFINITION} with all of them
   */
  void refuse(Connection connection) throws SQLException {
    List<String> refusals = new ArrayList<>(ReservedNames.refusals(connection));
    for (ReportTable table : tables) {
      table.refusal(connection).ifPresent(refusals::add);
    }
    if (!refusals.isEmpty()) {
      throw new SinkException(SinkException.Kind.DEFINITION, Refusals.onOneLine(refusals), null);
    }
  }

  /**
   * Returns the table's checksum, or a different one if the table was created once and it or a
   * column of it no longer exists, so that Flyway creates it again.
   */
  private static int checksum(Connection connection, ReportTable table) throws SQLException {
    if (table.isWhole(connection) || !ReportTable.isTable(connection, Migrations.HISTORY)) {
      return table.checksum();
    }
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT checksum FROM "
                + Migrations.HISTORY
                + " WHERE description = ? ORDER BY installed_rank DESC LIMIT 1")) {
      query.setString(1, ReportMigration.description(table.report().name()));
      try (ResultSet row = query.executeQuery()) {
        return row.next() && row.getInt(1) == table.checksum()
            ? ~table.checksum()
            : table.checksum();
      }
    }
  }
}
