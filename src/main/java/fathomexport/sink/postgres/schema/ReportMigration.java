package fathomexport.sink.postgres.schema;

import fathomexport.sink.SinkException;
import java.sql.SQLException;
import java.util.Optional;
import org.flywaydb.core.api.MigrationVersion;
import org.flywaydb.core.api.migration.Context;
import org.flywaydb.core.api.migration.JavaMigration;
import org.jspecify.annotations.Nullable;

/**
 * The Flyway migration of a report's table. Flyway applies it again whenever the definition
 * changes.
 */
final class ReportMigration implements JavaMigration {
  private final ReportTable table;
  private final int checksum;

  ReportMigration(ReportTable table, int checksum) {
    this.table = table;
    this.checksum = checksum;
  }

  /** Returns the name of a report in Flyway's history. */
  static String description(String report) {
    return "report " + report;
  }

  @Override
  @SuppressWarnings("NullAway") // Flyway: a migration without a version is repeatable
  public @Nullable MigrationVersion getVersion() {
    return null;
  }

  @Override
  public String getDescription() {
    return description(table.report().name());
  }

  @Override
  public Integer getChecksum() {
    return checksum;
  }

  @Override
  public boolean canExecuteInTransaction() {
    return true;
  }

  @Override
  public void migrate(Context context) throws SQLException {
    Optional<String> refusal = table.refusal(context.getConnection());
    if (refusal.isPresent()) {
      throw new SinkException(SinkException.Kind.DEFINITION, refusal.get(), null);
    }
    table.migrate(context.getConnection());
  }
}
