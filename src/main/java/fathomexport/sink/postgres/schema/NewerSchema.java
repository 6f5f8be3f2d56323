package fathomexport.sink.postgres.schema;

import fathomexport.sink.SinkException;
import fathomexport.sink.postgres.db.Database;
import java.util.Arrays;
import java.util.Optional;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.MigrationVersion;

/**
 * Refuses a database that a newer version of the program has migrated. The older program does not
 * know what the newer version's columns mean, and would leave them out of what it writes.
 */
final class NewerSchema {
  private NewerSchema() {}

  /**
   * @throws SinkException {@code DEFINITION} if the history contains a version above the newest
   *     script of this program; nothing was changed
   */
  static void refuse(Database database) {
    MigrationInfo[] all =
        Flyway.configure(NewerSchema.class.getClassLoader())
            .loggers("slf4j")
            .dataSource(database.source())
            .defaultSchema(Migrations.SCHEMA)
            .table(Migrations.HISTORY_TABLE)
            .locations(Migrations.SCRIPTS)
            .load()
            .info()
            .all();
    MigrationVersion ours =
        versions(all, false).map(MigrationInfo::getVersion).orElse(MigrationVersion.EMPTY);
    Optional<MigrationInfo> newest =
        versions(all, true).filter(m -> m.getVersion().isNewerThan(ours));
    if (newest.isPresent()) {
      throw new SinkException(
          SinkException.Kind.DEFINITION,
          "the database at "
              + database.place()
              + " was migrated by a newer version of fathom-export: it is at version "
              + newest.get().getVersion()
              + " ("
              + newest.get().getDescription()
              + "), and this program knows versions up to "
              + ours
              + ". Nothing was changed. Install the newer fathom-export here too, or restore a"
              + " backup from before the upgrade",
          null);
    }
  }

  /**
   * Returns the newest of the versions that the history contains, or of those that this program
   * has.
   */
  private static Optional<MigrationInfo> versions(MigrationInfo[] all, boolean applied) {
    return Arrays.stream(all)
        .filter(m -> m.getVersion() != null)
        .filter(m -> applied ? m.getState().isApplied() : m.getState().isResolved())
        .max((a, b) -> a.getVersion().compareTo(b.getVersion()));
  }
}
