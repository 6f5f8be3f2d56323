package fathomexport.sink.postgres.schema;

import fathomexport.report.Aggregate;
import fathomexport.report.ApiNamed;
import fathomexport.report.Column;
import fathomexport.report.Field;
import fathomexport.report.Filter;
import fathomexport.report.Report;
import fathomexport.report.TableSchema;
import fathomexport.sink.postgres.db.Sql;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What the catalog of the database says about a report's table. */
final class TableComments {
  private final Report report;
  private final String table;
  private final TableSchema schema;

  /**
   * @param table the table's name with its schema, as in a statement
   */
  TableComments(Report report, String table) {
    this.report = report;
    this.table = table;
    this.schema = report.schema();
  }

  /** Returns the statements that comment the table and its columns. */
  List<String> statements() {
    List<String> comments = new ArrayList<>();
    String rows =
        switch (report.dateGrouping()) {
          case HOUR -> "hour";
          case DAY -> "day";
          case MONTH -> "month";
          case YEAR -> "year";
          case NONE -> "range of days";
        };
    String text =
        "Fathom Analytics "
            + report.entity().apiName()
            + "s: one row per site, "
            + (report.events() == null ? "" : "event, ")
            + rows
            + report.fields().stream().map(f -> ", " + f.apiName()).collect(Collectors.joining())
            + ". fathom_ops.ledger shows which periods are stored and complete.";
    if (!report.filters().isEmpty()) {
      text +=
          report.filters().stream()
              .map(TableComments::words)
              .collect(Collectors.joining("; ", " Only where ", "."));
    }
    comments.add("COMMENT ON TABLE " + table + " IS " + Sql.literal(text));
    for (Column c : schema.columns()) {
      comments.add(
          "COMMENT ON COLUMN "
              + table
              + "."
              + Sql.name(c.name())
              + " IS "
              + Sql.literal(comment(c)));
    }
    return comments;
  }

  private static String words(Filter f) {
    return f.property().apiName() + " " + f.operator().apiName() + " '" + f.value() + "'";
  }

  private boolean isByPage() {
    return Stream.concat(report.fields().stream(), report.filters().stream().map(Filter::property))
        .anyMatch(f -> f == Field.HOSTNAME || f == Field.PATHNAME);
  }

  private String comment(Column c) {
    Optional<Aggregate> aggregate = ApiNamed.parse(Aggregate.class, c.name());
    if (aggregate.isPresent()) {
      return switch (aggregate.get()) {
        case VISITS ->
            isByPage()
                ? "Entrances: visits by the page where they began, since the report is grouped or"
                    + " filtered by page"
                : "Visits to the site";
        case UNIQUES ->
            "Unique visitors; the values of groups do not add up to the value of the site";
        case PAGEVIEWS -> "Pageviews";
        case AVG_DURATION -> "Average duration in seconds; null when nothing was measured";
        case BOUNCE_RATE -> "Bounce rate in percent, 0 to 100; null when there were no visits";
        case CONVERSIONS -> "How often the event was completed";
        case UNIQUE_CONVERSIONS -> "Unique visitors who completed the event";
        case VALUE -> "Value of the conversions in cents; null when the event has none";
      };
    }
    return switch (c.role()) {
      case SITE -> "The site's id";
      case EVENT -> "The event's name within the site";
      case TIME ->
          switch (report.dateGrouping()) {
            case HOUR ->
                "Hour, in the site's local time. When clocks are set back, one value stands for both"
                    + " hours of that name";
            case DAY -> "Day, in the site's time zone";
            case MONTH -> "First day of the month, in the site's time zone";
            case YEAR -> "First day of the year, in the site's time zone";
            case NONE ->
                c.name().equals("date_from")
                    ? "First day of the range, in the site's time zone"
                    : "Last day of the range, in the site's time zone";
          };
      case FIELD -> "As the API returns it; null and the empty text may be two different groups";
      case MEASURE -> throw new IllegalStateException("a measure that is not an aggregate: " + c);
    };
  }
}
