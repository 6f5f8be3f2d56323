package fathomexport.sink.postgres.schema;

import fathomexport.report.Report;
import fathomexport.sink.SinkException;
import fathomexport.sink.postgres.db.Queries;
import fathomexport.sink.postgres.db.Sql;
import fathomexport.sink.postgres.views.BiViews;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** The tables of reports as a whole: whether a definition fits what is stored, and their names. */
public final class StoredReports {
  private StoredReports() {}

  /** Returns the names of the reports that have a table. */
  public static Set<String> names(Connection connection) throws SQLException {
    return new TreeSet<>(
        ReportTable.isTable(connection, "fathom_ops.report")
            ? Queries.list(
                connection,
                """
                SELECT report FROM fathom_ops.report
                 WHERE pg_catalog.to_regclass('fathom.' || pg_catalog.quote_ident(report))
                       IS NOT NULL\
                """,
                p -> {},
                r -> r.text("report"))
            : List.of());
  }

  /** Returns the statement that moves a report's table away; empty if there is none. */
  public static Optional<String> moveAway(Connection connection, String report)
      throws SQLException {
    return ReportTable.isTable(connection, ReportTable.qualified(report))
        ? Optional.of(ReportTable.moveAway(report))
        : Optional.empty();
  }

  /**
   * Returns why reports cannot have their tables, keyed by the reports' names.
   *
   * @param renamed earlier names of reports, keyed by their present names
   */
  public static Map<String, String> refusals(
      Connection connection, List<Report> reports, Map<String, String> renamed)
      throws SQLException {
    Map<String, String> refusals = new LinkedHashMap<>();
    for (Report report : reports) {
      String earlier = renamed.get(report.name());
      boolean present = ReportTable.isTable(connection, ReportTable.qualified(report.name()));
      if (earlier != null && names(connection).contains(earlier)) {
        if (present) {
          refusals.put(report.name(), both(report.name(), earlier));
          continue;
        }
        new ReportTable(report, earlier)
            .refusal(connection)
            .ifPresent(refusal -> refusals.put(report.name(), refusal));
      } else {
        new ReportTable(report)
            .refusal(connection)
            .ifPresent(refusal -> refusals.put(report.name(), refusal));
      }
    }
    return refusals;
  }

  private static String both(String report, String earlier) {
    return "report "
        + report
        + ": renamed_from: "
        + earlier
        + " cannot be done, because there are both "
        + ReportTable.qualified(earlier)
        + " and "
        + ReportTable.qualified(report)
        + ". Remove renamed_from, or keep one of the two: "
        + ReportTable.moveAway(report);
  }

  /**
   * Renames a report's table, its views, and the report in every control table. Does nothing if
   * there is no table of the earlier name.
   *
   * @throws SinkException {@code DEFINITION} if there are tables of both names
   */
  static void rename(Connection connection, String from, String to) throws SQLException {
    if (!names(connection).contains(from)) {
      return;
    }
    if (ReportTable.isTable(connection, ReportTable.qualified(to))) {
      throw new SinkException(SinkException.Kind.DEFINITION, both(to, from), null);
    }
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "ALTER TABLE " + ReportTable.qualified(from) + " RENAME TO " + Sql.name(to));
    }
    BiViews.rename(connection, from, to);
    for (Control table : controls(connection)) {
      if (table.unique()) {
        // What is left of an earlier report of this name describes rows that are not stored.
        Queries.update(
            connection, "DELETE FROM " + table.name() + " WHERE report = ?", p -> p.text(to));
      }
      Queries.update(
          connection,
          "UPDATE " + table.name() + " SET report = ? WHERE report = ?",
          p -> p.text(to).text(from));
    }
  }

  /**
   * A control table with a column for the report.
   *
   * @param unique whether a unique index contains that column
   */
  private record Control(String name, boolean unique) {}

  private static List<Control> controls(Connection connection) throws SQLException {
    return Queries.list(
        connection,
        """
        SELECT c.oid::pg_catalog.regclass::text AS name,
               EXISTS (SELECT FROM pg_catalog.pg_index i
                        WHERE i.indrelid = c.oid AND i.indisunique
                          AND a.attnum = ANY (i.indkey::smallint[])) AS is_unique
          FROM pg_catalog.pg_class c
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = 'report'
         WHERE n.nspname = 'fathom_ops' AND c.relkind = 'r' AND NOT a.attisdropped
         ORDER BY 1\
        """,
        p -> {},
        r -> new Control(r.text("name"), r.flag("is_unique")));
  }
}
