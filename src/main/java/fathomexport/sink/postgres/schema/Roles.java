package fathomexport.sink.postgres.schema;

import fathomexport.sink.postgres.db.Queries;
import fathomexport.sink.postgres.db.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The three roles: {@code fathom_owner} migrates, {@code fathom_loader} writes rows, {@code
 * fathom_reader} reads. Creates and grants what the connected role may, and nothing that is there
 * already; the rest are statements for an administrator.
 */
final class Roles {
  private static final List<String> ALL = List.of("fathom_owner", "fathom_loader", "fathom_reader");

  /** Another database's migration, or one before it, has created the role meanwhile. */
  private static final Set<String> EXISTS = Set.of("42710", "23505");

  /**
   * What each role lacks, as the tail of a GRANT, with whether the connected role may grant it. The
   * loader only reads what describes the schema: migrations write that.
   */
  private static final String LACKING =
      """
      WITH wanted (role, schema, privilege) AS (
        VALUES ('fathom_loader', 'fathom', 'SELECT'), ('fathom_loader', 'fathom', 'INSERT'),
               ('fathom_loader', 'fathom', 'UPDATE'), ('fathom_loader', 'fathom', 'DELETE'),
               ('fathom_loader', 'fathom_ops', 'SELECT'), ('fathom_loader', 'fathom_ops', 'INSERT'),
               ('fathom_loader', 'fathom_ops', 'UPDATE'), ('fathom_loader', 'fathom_ops', 'DELETE'),
               ('fathom_reader', 'fathom', 'SELECT'), ('fathom_reader', 'fathom_ops', 'SELECT'),
               ('fathom_reader', 'fathom_bi', 'SELECT')),
      role AS (
        SELECT DISTINCT w.role, w.schema, r.oid, n.oid AS namespace, n.nspowner
          FROM wanted w
          JOIN pg_catalog.pg_roles r ON r.rolname = w.role
          JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema),
      lacking (role, privilege, what, owner) AS (
        SELECT o.role, 'USAGE', 'SCHEMA ' || o.schema, o.nspowner
          FROM role o
         WHERE NOT pg_catalog.has_schema_privilege(o.oid, o.namespace, 'USAGE')
        UNION ALL
        SELECT o.role, w.privilege, 'TABLE ' || o.schema || '.' || pg_catalog.quote_ident(c.relname),
               c.relowner
          FROM role o
          JOIN wanted w ON w.role = o.role AND w.schema = o.schema
          JOIN pg_catalog.pg_class c ON c.relnamespace = o.namespace
         WHERE c.relkind IN ('r', 'p', 'v')
           AND (c.relkind <> 'v' OR w.privilege = 'SELECT')
           AND (w.privilege = 'SELECT' OR o.schema <> 'fathom_ops'
                OR c.relname <> ALL (?))
           AND (o.schema <> 'fathom_bi'
                OR EXISTS (SELECT FROM fathom_ops.bi_view b WHERE b.view = c.relname))
           AND NOT pg_catalog.has_table_privilege(o.oid, c.oid, w.privilege)
        UNION ALL
        SELECT o.role, 'USAGE', 'SEQUENCE ' || o.schema || '.' || pg_catalog.quote_ident(c.relname),
               c.relowner
          FROM role o
          JOIN pg_catalog.pg_class c ON c.relnamespace = o.namespace
         WHERE o.role = 'fathom_loader' AND c.relkind = 'S'
           AND NOT pg_catalog.has_sequence_privilege(o.oid, c.oid, 'USAGE')
        UNION ALL
        SELECT r.rolname, 'TEMPORARY', 'DATABASE ' || pg_catalog.quote_ident(d.datname), d.datdba
          FROM pg_catalog.pg_roles r
          JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database()
         WHERE r.rolname = 'fathom_loader'
           AND NOT pg_catalog.has_database_privilege(r.oid, d.oid, 'TEMPORARY'))
      SELECT 'GRANT ' || pg_catalog.string_agg(privilege, ', ' ORDER BY privilege DESC) || ' ON ' || what
             || ' TO ' || role AS statement,
             pg_catalog.pg_has_role(owner, 'USAGE') AS mine
        FROM lacking
       GROUP BY role, what, owner
       ORDER BY role, what\
      """;

  private final Connection connection;

  /**
   * @param connection in autocommit mode
   */
  Roles(Connection connection) {
    this.connection = connection;
  }

  private record Lacking(String statement, boolean mine) {}

  /**
   * Creates the roles and grants their privileges.
   *
   * @return the statements for an administrator
   */
  List<String> grant() throws SQLException {
    List<String> rest = new ArrayList<>(create());
    for (Lacking lacking :
        Queries.list(
            connection,
            LACKING,
            p -> p.texts(LoaderRights.DESCRIPTIVE),
            r -> new Lacking(r.text("statement"), r.flag("mine")))) {
      if (lacking.mine()) {
        execute(lacking.statement());
      } else {
        rest.add(lacking.statement() + ";");
      }
    }
    return rest;
  }

  private List<String> create() throws SQLException {
    List<String> rest = new ArrayList<>();
    boolean may =
        Queries.first(
                connection,
                "SELECT rolcreaterole OR rolsuper AS may FROM pg_catalog.pg_roles"
                    + " WHERE rolname = current_user",
                p -> {},
                r -> r.flag("may"))
            .orElse(false);
    List<String> present =
        Queries.list(
            connection,
            "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname = ANY (?)",
            p -> p.texts(ALL),
            r -> r.text("rolname"));
    for (String role : ALL) {
      if (!present.contains(role)) {
        String statement = "CREATE ROLE " + Sql.name(role) + " NOLOGIN";
        if (may) {
          createUnlessThere(statement);
        } else {
          rest.add(statement + ";");
        }
      }
    }
    return rest;
  }

  private void createUnlessThere(String statement) throws SQLException {
    try {
      execute(statement);
    } catch (SQLException e) {
      if (!EXISTS.contains(String.valueOf(e.getSQLState()))) {
        throw e;
      }
    }
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
