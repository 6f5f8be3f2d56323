package fathomexport.testing;

import fathomexport.simulator.truth.Truth;
import fathomexport.simulator.truth.TruthQuery;
import fathomexport.simulator.world.World;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A report, as a pipeline's file names it and as the truth is asked for it: in the API's words
 * only, so that nothing of the code under test decides what is expected.
 *
 * @param event whether it is about events, all of a site
 * @param dateGrouping {@code none}, {@code hour}, {@code day}, {@code month} or {@code year}
 */
public record Question(
    String name,
    boolean event,
    List<String> aggregates,
    String dateGrouping,
    List<String> fields,
    List<TruthQuery.Condition> filters) {
  private static final List<String> OF_PAGEVIEWS =
      List.of("visits", "uniques", "pageviews", "avg_duration", "bounce_rate");
  private static final List<String> OF_EVENTS =
      List.of("conversions", "unique_conversions", "value");

  /** A report on pageviews with all aggregates. */
  public static Question pageviews(String name, String dateGrouping, String... fields) {
    return new Question(name, false, OF_PAGEVIEWS, dateGrouping, List.of(fields), List.of());
  }

  /** A report on all events with all aggregates. */
  public static Question events(String name, String dateGrouping, String... fields) {
    return new Question(name, true, OF_EVENTS, dateGrouping, List.of(fields), List.of());
  }

  public Question measuring(String... newAggregates) {
    return new Question(name, event, List.of(newAggregates), dateGrouping, fields, filters);
  }

  /** Adds a filter. */
  public Question where(String property, String operator, String value) {
    List<TruthQuery.Condition> more = new ArrayList<>(filters);
    more.add(new TruthQuery.Condition(property, operator, value));
    return new Question(name, event, aggregates, dateGrouping, fields, more);
  }

  /** As an item of a pipeline's {@code reports}. */
  public String yaml() {
    StringBuilder yaml = new StringBuilder();
    yaml.append("  - name: ").append(name).append('\n');
    yaml.append("    entity: ").append(event ? "event" : "pageview").append('\n');
    if (event) {
      yaml.append("    events: all\n");
    }
    yaml.append("    aggregates: ").append(aggregates).append('\n');
    if (!dateGrouping.equals("none")) {
      yaml.append("    date_grouping: ").append(dateGrouping).append('\n');
    }
    if (!fields.isEmpty()) {
      yaml.append("    field_grouping: ").append(fields).append('\n');
    }
    if (!filters.isEmpty()) {
      yaml.append("    filters:\n");
      for (TruthQuery.Condition f : filters) {
        yaml.append("      - {property: ")
            .append(f.property())
            .append(", operator: ")
            .append(f.operator())
            .append(", value: '")
            .append(f.value().replace("'", "''"))
            .append("'}\n");
      }
    }
    return yaml.toString();
  }

  /** The columns of its table, in the order of the contract. */
  public List<String> columns() {
    List<String> columns = new ArrayList<>();
    columns.add("site_id");
    if (event) {
      columns.add("event_name");
    }
    columns.addAll(
        switch (dateGrouping) {
          case "none" -> List.of("date_from", "date_to");
          case "hour" -> List.of("hour");
          default -> List.of("date");
        });
    columns.addAll(fields);
    columns.addAll(aggregates);
    return columns;
  }

  /** Names of what a site has of the report's entity; one null for pageviews. */
  public List<@Nullable String> slices(World world, String site) {
    List<@Nullable String> slices = new ArrayList<>();
    if (event) {
      slices.addAll(world.eventNames(site));
    } else {
      slices.add(null);
    }
    return slices;
  }

  /** What the truth is asked for one slice. */
  public TruthQuery query(String site, @Nullable String eventName, LocalDate from, LocalDate to) {
    return new TruthQuery(site, eventName, aggregates, dateGrouping, fields, filters, from, to);
  }

  /** The rows that the table must hold of a site, in the order of {@link #columns()}. */
  public List<List<@Nullable Object>> expected(
      World world, Truth truth, String site, LocalDate from, LocalDate to) {
    List<List<@Nullable Object>> rows = new ArrayList<>();
    for (String eventName : slices(world, site)) {
      for (Map<String, @Nullable Object> row : truth.rows(query(site, eventName, from, to))) {
        List<@Nullable Object> cells = new ArrayList<>();
        cells.add(site);
        if (event) {
          cells.add(eventName);
        }
        if (dateGrouping.equals("none")) {
          cells.add(from);
          cells.add(to);
        } else {
          cells.add(row.get("date"));
        }
        fields.forEach(f -> cells.add(row.get(f)));
        aggregates.forEach(a -> cells.add(row.get(a)));
        rows.add(cells);
      }
    }
    return rows;
  }
}
