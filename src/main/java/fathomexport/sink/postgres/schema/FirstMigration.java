package fathomexport.sink.postgres.schema;

import fathomexport.report.Program;
import fathomexport.sink.postgres.db.Queries;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/**
 * Says who makes the schemas of a database that has none yet: the owner, where there is such a
 * role, so that the one that loads gets no more rights than it needs; otherwise this role.
 */
public final class FirstMigration {
  private static final String OWNER = "fathom_owner";

  private static final String GRANT_TO_OWNER =
      """
      SELECT CASE WHEN pg_catalog.has_database_privilege(rolname, pg_catalog.current_database(),
                                                         'CREATE') THEN ''
                  ELSE pg_catalog.format('GRANT CREATE ON DATABASE %I TO %I;',
                                         pg_catalog.current_database(), rolname) END AS statement
        FROM pg_catalog.pg_roles
       WHERE rolname = ? AND rolname <> current_user\
      """;

  private FirstMigration() {}

  /** Says how the owner gets what another role has made; empty if another role is connected. */
  static String handover(Connection connection) throws SQLException {
    return Queries.first(connection, "SELECT current_user AS role", p -> {}, r -> r.text("role"))
        .filter(OWNER::equals)
        .map(
            owner ->
                ". To hand over to "
                    + owner
                    + " all that another role has made, run the statements of \"Handing a database"
                    + " over to three roles\" in docs/maintenance.md")
        .orElse("");
  }

  /**
   * Returns what to do, as whole sentences.
   *
   * @param statements what an administrator runs so that the connected role can migrate
   */
  public static String words(Connection connection, List<String> statements) throws SQLException {
    String migrate = "`" + Program.command("migrate") + "` with the pipeline";
    String toThisRole = String.join(" ", statements);
    return Queries.first(connection, GRANT_TO_OWNER, p -> p.text(OWNER), r -> r.text("statement"))
        .map(
            toOwner ->
                (toOwner.isEmpty()
                        ? ""
                        : "As an administrator, run in this database: " + toOwner + " ")
                    + "Run "
                    + "`"
                    + Program.withOtherSettings("migrate")
                    + "` with the pipeline as "
                    + OWNER
                    + ", who grants fathom_loader what it needs. Or, if this role is to own the tables"
                    + " as well, as an administrator, run: "
                    + toThisRole)
        .orElseGet(
            () ->
                "As an administrator, run in this database: "
                    + toThisRole
                    + " Or let the role that is to own the tables run "
                    + migrate
                    + " first");
  }
}
