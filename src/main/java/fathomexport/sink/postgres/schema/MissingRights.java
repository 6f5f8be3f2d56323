package fathomexport.sink.postgres.schema;

import fathomexport.report.Program;
import fathomexport.sink.SinkException;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.Queries;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What an administrator must grant before the connected role can migrate. It is looked up before
 * Flyway starts, whose own message would name the missing right but not the statement.
 */
final class MissingRights {
  /**
   * The role must own empty schemas, because it comments on them. In a schema that contains tables
   * already, it needs the rights of their owner. No statement gives it those of a superuser, nor of
   * a role that it already is or that is a member of it: the owner alone is returned then.
   */
  private static final String STATEMENTS =
      """
      WITH ours (nspname) AS (VALUES ('fathom'), ('fathom_ops'))
      SELECT pg_catalog.format('GRANT CREATE ON DATABASE %I TO %I;',
                               pg_catalog.current_database(), current_user) AS statement,
             NULL::text AS owner
       WHERE EXISTS (SELECT FROM ours WHERE pg_catalog.to_regnamespace(nspname) IS NULL)
         AND NOT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
      UNION ALL
      SELECT pg_catalog.format('ALTER SCHEMA %I OWNER TO %I;', n.nspname, current_user), NULL
        FROM ours
        JOIN pg_catalog.pg_namespace n USING (nspname)
       WHERE NOT pg_catalog.pg_has_role(n.nspowner, 'USAGE')
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid)
      UNION
      SELECT CASE WHEN NOT pg_catalog.pg_has_role(n.nspowner, r.oid, 'MEMBER')
                   AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles s
                                    WHERE s.rolsuper
                                      AND pg_catalog.pg_has_role(n.nspowner, s.oid, 'MEMBER'))
                  THEN pg_catalog.format('GRANT %I TO %I;',
                                         pg_catalog.pg_get_userbyid(n.nspowner), current_user) END,
             pg_catalog.pg_get_userbyid(n.nspowner)
        FROM ours
        JOIN pg_catalog.pg_namespace n USING (nspname)
        JOIN pg_catalog.pg_roles r ON r.rolname = current_user
       WHERE NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE')
         AND EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid)\
      """;

  private MissingRights() {}

  /**
   * What is missing.
   *
   * @param statement grants it, if a statement can
   * @param owner whose rights are missing
   */
  private record Missing(@Nullable String statement, @Nullable String owner) {}

  /**
   * Refuses a database in which the role can neither create nor own the schemas.
   *
   * @throws SinkException {@code DEFINITION} with the statements for an administrator
   */
  static void refuse(Connection connection, Database database) throws SQLException {
    List<Missing> missing =
        Queries.list(
            connection,
            STATEMENTS,
            p -> {},
            row -> new Missing(row.textOrNull("statement"), row.textOrNull("owner")));
    if (missing.isEmpty()) {
      return;
    }
    List<String> statements =
        missing.stream().flatMap(m -> Stream.ofNullable(m.statement())).toList();
    String owners =
        missing.stream()
            .filter(m -> m.statement() == null)
            .flatMap(m -> Stream.ofNullable(m.owner()))
            .distinct()
            .collect(Collectors.joining(" and "));
    throw new SinkException(
        SinkException.Kind.DEFINITION,
        "PostgreSQL at "
            + database.place()
            + ": the role in the settings may not create the schemas fathom and fathom_ops, or"
            + " may not use them. "
            + (owners.isEmpty()
                ? FirstMigration.words(connection, statements)
                : (statements.isEmpty()
                        ? ""
                        : "As an administrator, run in this database: "
                            + String.join(" ", statements)
                            + " ")
                    + "To leave the tables to their owner ("
                    + owners
                    + "): `"
                    + Program.command("check")
                    + "` with the pipeline prints the GRANT statements that"
                    + " this role needs; `"
                    + Program.withOtherSettings("migrate")
                    + "` with the pipeline, run as the"
                    + " owner, changes the tables")
            + (missing.stream().anyMatch(m -> m.owner() != null)
                ? FirstMigration.handover(connection)
                : ""),
        null);
  }
}
