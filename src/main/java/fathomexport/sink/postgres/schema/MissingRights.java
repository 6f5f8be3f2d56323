package fathomexport.sink.postgres.schema;

import fathomexport.sink.SinkException;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.Queries;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/**
 * What an administrator must grant before the connected role can migrate. It is looked up before
 * Flyway starts, whose own message would name the missing right but not the statement.
 */
final class MissingRights {
  /**
   * The role must own empty schemas, because it comments on them. In a schema that contains tables
   * already, it needs the rights of their owner.
   */
  private static final String STATEMENTS =
      """
      WITH ours (nspname) AS (VALUES ('fathom'), ('fathom_ops'))
      SELECT pg_catalog.format('GRANT CREATE ON DATABASE %I TO %I;',
                               pg_catalog.current_database(), current_user) AS statement
       WHERE EXISTS (SELECT FROM ours WHERE pg_catalog.to_regnamespace(nspname) IS NULL)
         AND NOT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
      UNION ALL
      SELECT pg_catalog.format('ALTER SCHEMA %I OWNER TO %I;', n.nspname, current_user)
        FROM ours
        JOIN pg_catalog.pg_namespace n USING (nspname)
       WHERE NOT pg_catalog.pg_has_role(n.nspowner, 'USAGE')
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid)
      UNION
      SELECT pg_catalog.format('GRANT %I TO %I;', pg_catalog.pg_get_userbyid(n.nspowner), current_user)
        FROM ours
        JOIN pg_catalog.pg_namespace n USING (nspname)
       WHERE NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE')
         AND EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid)\
      """;

  private MissingRights() {}

  /**
   * Refuses a database in which the role can neither create nor own the schemas.
   *
   * @throws SinkException {@code DEFINITION} with the statements for an administrator
   */
  static void refuse(Connection connection, Database database) throws SQLException {
    List<String> statements =
        Queries.list(connection, STATEMENTS, p -> {}, row -> row.text("statement"));
    if (!statements.isEmpty()) {
      throw new SinkException(
          SinkException.Kind.DEFINITION,
          "PostgreSQL at "
              + database.place()
              + ": the role in the settings may not create the schemas fathom and fathom_ops, or"
              + " may not use them. As an administrator, run in this database: "
              + String.join(" ", statements)
              + " Or let a role that owns them run `fathom-export migrate` with the pipeline first",
          null);
    }
  }
}
