package fathomexport.sink.postgres.schema;

import fathomexport.report.Report;
import fathomexport.sink.postgres.db.Queries;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Tables that stand where the program's own dimension tables belong: reports of an earlier version,
 * in which their names were still free, or tables of another program.
 */
final class ReservedNames {
  /** The version of the script that creates the dimension tables. */
  private static final String CREATED_BY = "010";

  /** The tables that this script creates. */
  private static final Set<String> CREATED = Set.of("site", "site_history", "event", "milestone");

  private static final List<String> TABLES_BY_REPORT =
      List.of("report", "ledger", "attempt", "restatement", "quarantine");

  private ReservedNames() {}

  /** Returns one message per table that is in the way, with the remedy. */
  static List<String> refusals(Connection connection) throws SQLException {
    Set<String> present =
        Set.copyOf(
            Queries.list(
                connection,
                """
                SELECT c.relname AS name
                  FROM pg_catalog.pg_class c
                  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname = 'fathom' AND c.relname = ANY (?)\
                """,
                p -> p.texts(Report.DIMENSIONS),
                r -> r.text("name")));
    if (present.isEmpty()) {
      return List.of();
    }
    Set<String> reports =
        ReportTable.isTable(connection, "fathom_ops.report")
            ? Set.copyOf(
                Queries.list(
                    connection,
                    "SELECT report FROM fathom_ops.report WHERE report = ANY (?)",
                    p -> p.texts(present),
                    r -> r.text("report")))
            : Set.of();
    boolean ours = isCreated(connection);
    List<String> refusals = new ArrayList<>();
    for (String name : present.stream().sorted().toList()) {
      if (reports.contains(name)) {
        refusals.add(ofReport(name));
      } else if (!ours && CREATED.contains(name)) {
        refusals.add(
            "table fathom."
                + name
                + " is there already and is not fathom-export's, which has a table of this name"
                + " itself. Move it away: ALTER TABLE fathom."
                + name
                + " RENAME TO "
                + name
                + "_old"
                + ";");
      }
    }
    return refusals;
  }

  private static boolean isCreated(Connection connection) throws SQLException {
    return ReportTable.isTable(connection, "fathom_ops.schema_history")
        && !Queries.list(
                connection,
                "SELECT version FROM fathom_ops.schema_history WHERE version = ?",
                p -> p.text(CREATED_BY),
                r -> r.text("version"))
            .isEmpty();
  }

  private static String ofReport(String name) {
    String other = name + "_daily";
    return "report "
        + name
        + ": its table fathom."
        + name
        + " has a name that fathom-export needs for one of its tables. Rename the report; nothing"
        + " of it is lost: ALTER TABLE fathom."
        + name
        + " RENAME TO "
        + other
        + "; "
        + TABLES_BY_REPORT.stream()
            .map(
                table ->
                    "UPDATE fathom_ops."
                        + table
                        + " SET report = '"
                        + other
                        + "' WHERE report = '"
                        + name
                        + "';")
            .collect(Collectors.joining(" "))
        + " Then write name: "
        + other
        + " in its pipeline";
  }
}
