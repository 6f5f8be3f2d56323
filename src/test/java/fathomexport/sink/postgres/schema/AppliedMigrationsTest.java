package fathomexport.sink.postgres.schema;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.Report;
import fathomexport.sink.postgres.PostgresSink;
import fathomexport.testing.TestDatabase;
import fathomexport.testing.TestReports;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** When a run need not start Flyway. */
class AppliedMigrationsTest {
  private final TestDatabase database = TestDatabase.migrated();

  @AfterEach
  void drop() {
    database.close();
  }

  private static boolean nothingIsLeft(Connection connection, Report... reports)
      throws SQLException {
    return AppliedMigrations.includeAll(
        connection,
        Arrays.stream(reports)
            .map(ReportTable::new)
            .map(table -> new ReportMigration(table, table.checksum()))
            .toList());
  }

  private void migrate(Report report) {
    try (PostgresSink sink = database.sink()) {
      sink.migrate(List.of(report));
    }
  }

  @Test
  void everythingThatFlywayHasAppliedIsKnown() throws SQLException {
    try (Connection connection = database.connect()) {
      assertThat(nothingIsLeft(connection)).isTrue();
      assertThat(nothingIsLeft(connection, TestReports.traffic())).isFalse();
      migrate(TestReports.traffic());
      assertThat(nothingIsLeft(connection, TestReports.traffic())).isTrue();
      assertThat(nothingIsLeft(connection)).as("a report that is defined no longer").isTrue();
      assertThat(nothingIsLeft(connection, TestReports.traffic(), TestReports.pages())).isFalse();
    }
  }

  @Test
  void inAnyDoubtFlywayDecides() throws SQLException {
    migrate(TestReports.traffic());
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      for (String doubt :
          List.of(
              "UPDATE fathom_ops.schema_history SET checksum = checksum + 1 WHERE version = '001'",
              "UPDATE fathom_ops.schema_history SET checksum = 1 WHERE version IS NULL"
                  + " AND type = 'JDBC'",
              "DELETE FROM fathom_ops.schema_history WHERE version = '002'",
              "UPDATE fathom_ops.schema_history SET success = false WHERE version = '002'",
              "UPDATE fathom_ops.schema_history SET type = 'DELETE' WHERE version = '002'",
              "UPDATE fathom_ops.schema_history SET version = '999', script = 'V999__later.sql'"
                  + " WHERE version = '002'",
              "ALTER TABLE fathom_ops.schema_history RENAME TO elsewhere",
              "DROP SCHEMA fathom CASCADE")) {
        int changed = statement.executeUpdate(doubt);
        assertThat(changed > 0 || !doubt.contains("WHERE")).as(doubt).isTrue();
        assertThat(nothingIsLeft(connection, TestReports.traffic())).as(doubt).isFalse();
        connection.rollback();
      }
      assertThat(nothingIsLeft(connection, TestReports.traffic())).isTrue();
    }
  }
}
