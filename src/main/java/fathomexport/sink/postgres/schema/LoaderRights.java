package fathomexport.sink.postgres.schema;

import fathomexport.report.Report;
import fathomexport.sink.postgres.db.Queries;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The rights that the connected role lacks on the tables, views and sequences that a run uses.
 * Which there are is asked of the catalog, so that what a migration adds is looked at, too.
 *
 * @param needed statements for an administrator, without which no run succeeds
 * @param forReaders statements for what a run derives for readers at its end, or never reads: it
 *     does without
 */
public record LoaderRights(List<String> needed, List<String> forReaders) {
  /** What describes the schema: only migrations write it, so a role that loads reads it. */
  static final List<String> DESCRIPTIVE =
      List.of("schema_history", "report", "report_definition", "bi_view");

  /** What a run fills at its end for readers. Of the views, none is read before that. */
  private static final Set<String> DERIVED =
      Set.of("additivity", "month_sum", "month_sum_id_seq", "month_group");

  /** The views read this with the rights of their owner, and people change it; a run does not. */
  private static final String OF_PEOPLE = "channel_rule";

  private static final String OWN = "ALTER TABLE ";
  private static final String CONTROL = "fathom_ops";

  /** What a role may need of a table: every kind of object has its own test and its own words. */
  private static final String OBJECTS =
      """
      SELECT n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
             pg_catalog.pg_has_role(current_user, c.relowner, 'MEMBER') AS mine,
             c.relkind <> 'S' AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AS reads,
             CASE WHEN c.relkind = 'S' THEN pg_catalog.has_sequence_privilege(c.oid, 'USAGE')
                  ELSE pg_catalog.has_table_privilege(c.oid, 'SELECT')
                       AND pg_catalog.has_table_privilege(c.oid, 'INSERT')
                       AND pg_catalog.has_table_privilege(c.oid, 'UPDATE')
                       AND pg_catalog.has_table_privilege(c.oid, 'DELETE') END AS writes
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       WHERE (c.relkind IN ('r', 'p', 'S', 'v') AND n.nspname = 'fathom_ops')
          OR (c.relkind IN ('r', 'p', 'S') AND n.nspname = 'fathom' AND c.relname = ANY (?))
       ORDER BY 1, 2\
      """;

  private record Relation(
      String schema, String name, String kind, boolean mine, boolean reads, boolean writes) {
    boolean isOfControl() {
      return schema.equals(CONTROL);
    }

    String place() {
      return schema + "." + name;
    }

    /** Returns the beginning of the statement for what the role lacks; empty if that is nothing. */
    String lacking(boolean onlyLoads) {
      if (kind.equals("S")) {
        return writes ? "" : "GRANT USAGE ON SEQUENCE ";
      }
      if (kind.equals("v") || (onlyLoads && isOfControl() && DESCRIPTIVE.contains(name))) {
        return reads ? "" : "GRANT SELECT ON TABLE ";
      }
      if (!writes) {
        return "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE ";
      }
      // Only the owner of a table, or a member of the owning role, may add a column. Only
      // migrations
      // change the others.
      return mine || onlyLoads || isOfControl() || Report.RESERVED.contains(name) ? "" : OWN;
    }

    boolean isForReaders() {
      return isOfControl() && (kind.equals("v") || DERIVED.contains(name));
    }
  }

  /**
   * Looks the rights up.
   *
   * @param reports whose tables are looked at, together with those of sites, events, milestones and
   *     samples, besides everything of {@code fathom_ops}; empty if the database only has the
   *     ledger to keep
   */
  public static LoaderRights lacking(Connection connection, List<Report> reports)
      throws SQLException {
    boolean onlyLoads = onlyLoads(connection);
    String role =
        Queries.first(
                connection, "SELECT quote_ident(current_user) AS me", p -> {}, r -> r.text("me"))
            .orElseThrow();
    Map<String, List<String>> needed = new LinkedHashMap<>();
    Map<String, List<String>> forReaders = new LinkedHashMap<>();
    for (Relation relation :
        Queries.list(
            connection,
            OBJECTS,
            p -> p.texts(tables(reports)),
            r ->
                new Relation(
                    r.text("schema"),
                    r.text("name"),
                    r.text("kind"),
                    r.flag("mine"),
                    r.flag("reads"),
                    r.flag("writes")))) {
      String lacking = relation.lacking(onlyLoads);
      if (!lacking.isEmpty()) {
        (relation.isForReaders() ? forReaders : needed)
            .computeIfAbsent(lacking, l -> new ArrayList<>())
            .add(relation.place());
      }
    }
    return new LoaderRights(statements(needed, role), statements(forReaders, role));
  }

  private static List<String> tables(List<Report> reports) {
    return reports.isEmpty()
        ? List.of()
        : Stream.concat(reports.stream().map(Report::name), Report.RESERVED.stream())
            .filter(table -> !table.equals(OF_PEOPLE))
            .toList();
  }

  /** Returns few statements for many objects, since a long line is cut. */
  private static List<String> statements(Map<String, List<String>> lacking, String role) {
    List<String> statements = new ArrayList<>();
    lacking.forEach(
        (right, places) -> {
          if (right.equals(OWN)) {
            places.forEach(place -> statements.add(OWN + place + " OWNER TO " + role + ";"));
          } else {
            statements.add(right + String.join(", ", places) + " TO " + role + ";");
          }
        });
    return statements;
  }

  /** Returns whether another role migrates, so that this one only needs to write rows. */
  public static boolean onlyLoads(Connection connection) throws SQLException {
    return Queries.first(
            connection,
            """
            SELECT EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace = n.oid)
                   AND NOT pg_catalog.pg_has_role(n.nspowner, 'USAGE') AS other
              FROM pg_catalog.pg_namespace n
             WHERE n.nspname = 'fathom_ops'\
            """,
            p -> {},
            r -> r.flag("other"))
        .orElse(false);
  }
}
