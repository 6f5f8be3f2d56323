package fathomexport.sink.postgres.schema;

import fathomexport.report.Aggregate;
import fathomexport.report.ApiNamed;
import fathomexport.report.Column;
import fathomexport.report.Field;
import fathomexport.report.Report;
import fathomexport.report.TableSchema;
import fathomexport.sink.postgres.db.Sql;
import fathomexport.sink.postgres.views.Dependants;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Decides which changes of a report's definition its table allows. */
final class ChangedDefinition {
  private static final Set<String> OTHER_KEYS =
      Set.of("site_id", "event_name", "date", "hour", "date_from", "date_to");

  private final Report report;
  private final String table;
  private final TableSchema schema;
  private final Map<String, String> present;
  private final Optional<String> grouping;

  /**
   * @param table the table's name: an earlier name of the report, if it is yet to be renamed
   * @param present the types of the table's columns by their names, in their order
   * @param grouping the date grouping that the table was created for; empty if it is another's
   */
  ChangedDefinition(
      Report report, String table, Map<String, String> present, Optional<String> grouping) {
    this.report = report;
    this.table = table;
    this.schema = report.schema();
    this.present = present;
    this.grouping = grouping;
  }

  /** Returns why the definition cannot have the table, with the remedy; empty if it can. */
  Optional<String> refusal(Connection connection) throws SQLException {
    if (grouping.isEmpty()) {
      return Optional.of(
          "report "
              + report.name()
              + ": table "
              + ReportTable.qualified(table)
              + " already exists and was not created by fathom-export. Give the report another name,"
              + " or: "
              + ReportTable.moveAway(table));
    }
    List<String> before =
        present.entrySet().stream()
            .filter(c -> isKey(c.getKey()))
            .map(c -> c.getKey() + " " + c.getValue())
            .toList();
    List<String> after =
        schema.keyColumns().stream().map(c -> c.name() + " " + ReportTable.type(c.type())).toList();
    if (!before.equals(after) || !grouping.get().equals(report.dateGrouping().apiName())) {
      return Optional.of(
          "report "
              + report.name()
              + ": its rows were identified by ("
              + String.join(", ", before)
              + "), date grouping "
              + grouping.get()
              + ", and would now be identified by ("
              + String.join(", ", after)
              + "), date grouping "
              + report.dateGrouping().apiName()
              + ". Stored rows cannot be converted: give the report another name, or: "
              + ReportTable.moveAway(table));
    }
    for (Column c : schema.columns(Column.Role.MEASURE)) {
      String type = present.get(c.name());
      if (type != null && !type.equals(ReportTable.type(c.type()))) {
        return Optional.of(
            "report "
                + report.name()
                + ": column "
                + c.name()
                + " is "
                + type
                + " in "
                + ReportTable.qualified(table)
                + " and must be "
                + ReportTable.type(c.type())
                + ". Give the report another name, or: "
                + ReportTable.moveAway(table));
      }
    }
    List<String> removed =
        present.keySet().stream()
            .filter(c -> ApiNamed.parse(Aggregate.class, c).isPresent() && schema.indexOf(c) < 0)
            .toList();
    if (!removed.isEmpty()) {
      return Optional.of(
          "report "
              + report.name()
              + " no longer has the aggregates "
              + String.join(", ", removed)
              + ", which "
              + ReportTable.qualified(table)
              + " contains. Give the report another name, or drop the columns with their values: "
              + dropReaders(connection)
              + "ALTER TABLE "
              + ReportTable.qualified(table)
              + removed.stream()
                  .map(c -> " DROP COLUMN " + Sql.name(c))
                  .collect(Collectors.joining(","))
              + ";");
    }
    return Optional.empty();
  }

  private static boolean isKey(String column) {
    return OTHER_KEYS.contains(column) || ApiNamed.parse(Field.class, column).isPresent();
  }

  /** Returns the statement that drops what reads the table; migrate generates its views again. */
  private String dropReaders(Connection connection) throws SQLException {
    List<String> readers = Dependants.of(connection, ReportTable.qualified(table));
    return readers.isEmpty() ? "" : "DROP VIEW " + String.join(", ", readers) + "; ";
  }
}
