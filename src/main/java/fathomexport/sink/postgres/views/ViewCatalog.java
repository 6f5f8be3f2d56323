package fathomexport.sink.postgres.views;

import fathomexport.report.Digests;
import fathomexport.report.Field;
import fathomexport.report.Filter;
import fathomexport.report.Report;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The views that {@code migrate} generates for reports, described without a database: for other
 * programs that read them, and for engines that can run the same queries.
 */
public final class ViewCatalog {
  private static final Set<String> PERIOD = Set.of("first_day");
  private static final Set<String> TIMES = Set.of("date", "hour", "month", "date_from", "date_to");

  /**
   * The part of a query that joins the hours of a day {@code c}, as {@code u.hour}, {@code
   * u.hour_utc} and {@code u.is_repeated}: for engines that have to do that in another way.
   */
  public static final String HOURS_OF_DAY = SiteSources.HOURS_OF_DAY;

  private ViewCatalog() {}

  /**
   * A column of a view.
   *
   * @param type the type as PostgreSQL's catalog spells it
   * @param key whether the column is part of what distinguishes the view's rows
   */
  public record Column(String name, String type, String meaning, boolean key) {}

  /**
   * A view of schema {@code fathom_bi}.
   *
   * @param query the query behind the view, in PostgreSQL's dialect, over the rows alone
   */
  public record View(String name, String meaning, List<Column> columns, String query) {
    public View {
      columns = List.copyOf(columns);
    }

    /** Returns the names of the columns that distinguish the view's rows. */
    public List<String> keys() {
      return columns.stream().filter(Column::key).map(Column::name).toList();
    }
  }

  /** Returns the views that these reports call for, each after those that it reads. */
  public static List<View> of(List<Report> reports) {
    List<KnownReport> known = known(reports);
    Set<String> made = new HashSet<>();
    List<View> views = new ArrayList<>();
    for (ViewDefinition view : BiViews.definitions(known)) {
      if (made.add(view.name())) {
        Set<String> keys = keys(view);
        views.add(
            new View(
                view.name(),
                view.comment(),
                view.columns().stream()
                    .map(c -> new Column(c.name(), c.type(), c.comment(), keys.contains(c.name())))
                    .toList(),
                BiViews.query(view.columns(), view.fromRows())));
      }
    }
    return views;
  }

  /**
   * Returns a query that measures whether measures add up, from {@code fathom_ops.ledger} and the
   * reports' tables: one row per pair of reports, site and measure.
   */
  public static String additivity(List<Report> reports) {
    return AdditivityQuery.of(known(reports));
  }

  private static List<KnownReport> known(List<Report> reports) {
    return reports.stream()
        .map(ViewCatalog::known)
        .sorted(Comparator.comparing(KnownReport::name))
        .toList();
  }

  private static KnownReport known(Report report) {
    return new KnownReport(
        report.name(),
        report.entity(),
        report.dateGrouping(),
        report.fields().stream().map(Field::apiName).toList(),
        report.aggregates(),
        filters(report.filters()),
        Stream.concat(report.fields().stream(), report.filters().stream().map(Filter::property))
            .anyMatch(f -> KnownReport.OF_PAGES.contains(f.apiName())),
        report.definition());
  }

  /** Returns a text that is equal for equal filters, in whatever order they are written. */
  private static String filters(List<Filter> filters) {
    return filters.stream()
        .map(f -> Digests.hex(f.property().apiName(), f.operator().apiName(), f.value()))
        .sorted()
        .collect(Collectors.joining(",", "[", "]"));
  }

  private static Set<String> keys(ViewDefinition view) {
    return switch (view.name()) {
      case "calendar" -> Set.of("report", "site_id", "event_name", "date");
      case "freshness" -> Set.of("report", "site_id", "event_name");
      case "milestone" -> Set.of("site_id", "milestone_id");
      case "definition" -> Set.of("report", "valid_from");
      case "metric" -> Set.of("report", "name");
      case "additivity" -> Set.of("report", "site_id", "measure", "direction");
      case "site_week", "site_month", "site_quarter", "site_year" -> with("site_id", PERIOD);
      default -> {
        Set<String> keys = new HashSet<>(with("site_id", TIMES));
        keys.addAll(Set.of("event_name", "channel"));
        for (Field field : Field.values()) {
          keys.add(column(field));
        }
        yield keys;
      }
    };
  }

  /** Returns the name that a field has in the views. */
  public static String column(Field field) {
    return ReportColumns.column(field.apiName());
  }

  private static Set<String> with(String key, Set<String> others) {
    Set<String> keys = new HashSet<>(others);
    keys.add(key);
    return keys;
  }
}
