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
import java.util.TreeSet;
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
              + " contains. Give the report another name, or drop the columns with their values"
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

  /**
   * Returns the statements that drop what reads the table, after a colon. {@code migrate} makes its
   * own views again. Those of users would be lost, and only their owners may drop them.
   */
  private String dropReaders(Connection connection) throws SQLException {
    List<Dependants.Reader> readers = Dependants.readers(connection, ReportTable.qualified(table));
    List<Dependants.Reader> ofUsers = readers.stream().filter(r -> !r.generated()).toList();
    StringBuilder words = new StringBuilder();
    if (!ofUsers.isEmpty()) {
      words
          .append(". These read them and are not fathom-export's, so migrate does not make them")
          .append(" again: ")
          .append(names(ofUsers))
          .append(". First save their definitions (SELECT pg_get_viewdef('")
          .append(ofUsers.get(0).name().replace("'", "''"))
          .append("')); then their owners drop them");
      Set<String> owners = new TreeSet<>(ofUsers.stream().map(Dependants.Reader::owner).toList());
      for (String owner : owners) {
        words.append(", as ").append(owner).append(": ");
        for (boolean materialized : new boolean[] {true, false}) {
          String names =
              names(
                  ofUsers.stream()
                      .filter(r -> r.owner().equals(owner) && r.materialized() == materialized)
                      .toList());
          if (!names.isEmpty()) {
            words
                .append(materialized ? "DROP MATERIALIZED VIEW " : "DROP VIEW ")
                .append(names)
                .append("; ");
          }
        }
      }
      words.append("and then the columns are dropped, as the owner of the table");
    }
    String generated = names(readers.stream().filter(Dependants.Reader::generated).toList());
    words.append(": ");
    if (!generated.isEmpty()) {
      // Views of whole sites read several reports, whose messages all name them.
      words.append("DROP VIEW IF EXISTS ").append(generated).append("; ");
    }
    return words.toString();
  }

  private static String names(List<Dependants.Reader> readers) {
    return readers.stream().map(Dependants.Reader::name).collect(Collectors.joining(", "));
  }
}
