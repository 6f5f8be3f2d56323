package fathomexport.report;

import java.io.Serializable;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A named query shape: one table and one Parquet dataset.
 *
 * @param events the events that the report covers; null for pageviews, never null for events
 * @param aggregates measures, in column order
 * @param fields grouping fields, in column order; may be empty
 */
public record Report(
    String name,
    Entity entity,
    @Nullable EventSelection events,
    List<Aggregate> aggregates,
    DateGrouping dateGrouping,
    List<Field> fields,
    List<Filter> filters)
    implements Serializable {

  /** The pattern of valid report names. */
  public static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]{0,50}");

  /** Names of the tables of what the ids and names in reports stand for. */
  public static final Set<String> DIMENSIONS =
      Set.of("site", "site_history", "event", "milestone", "channel_rule");

  /** Names of the tables that this program maintains itself; reports cannot use them. */
  public static final Set<String> RESERVED =
      Set.of(
          "current_visitors",
          "current_pages",
          "current_referrers",
          "site",
          "site_history",
          "event",
          "milestone",
          "channel_rule");

  public Report {
    aggregates = List.copyOf(aggregates);
    fields = List.copyOf(fields);
    filters = List.copyOf(filters);
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException("report name '" + name + "' must match " + NAME.pattern());
    }
    if (RESERVED.contains(name)) {
      throw new IllegalArgumentException(
          "report name '" + name + "' belongs to a table of the program's own");
    }
    if ((entity == Entity.EVENT) != (events != null)) {
      throw new IllegalArgumentException(
          "report " + name + ": events are named exactly when the entity is event");
    }
    if (aggregates.isEmpty()) {
      throw new IllegalArgumentException("report " + name + " asks for no aggregate");
    }
    for (Aggregate a : aggregates) {
      if (a.entity() != entity) {
        throw new IllegalArgumentException(
            "report " + name + ": entity " + entity.apiName() + " has no " + a.apiName());
      }
    }
    for (Field f : fields) {
      if (!f.groupable()) {
        throw new IllegalArgumentException("report " + name + ": cannot group by " + f.apiName());
      }
    }
    if (new HashSet<>(aggregates).size() != aggregates.size()
        || new HashSet<>(fields).size() != fields.size()
        || new HashSet<>(filters).size() != filters.size()) {
      throw new IllegalArgumentException(
          "report " + name + " names an aggregate, a field or a filter twice");
    }
  }

  /**
   * Returns a digest of the query, 16 hex digits, independent of the order of columns. Rows that
   * were fetched under another definition do not belong to this one.
   */
  public String definition() {
    return Digests.hex(
        entity.apiName(),
        dateGrouping.apiName(),
        fields.stream().map(Field::apiName).sorted().collect(Collectors.joining(",")),
        aggregates.stream().map(Aggregate::apiName).sorted().collect(Collectors.joining(",")),
        filters.stream()
            .map(f -> Digests.hex(f.property().apiName(), f.operator().apiName(), f.value()))
            .sorted()
            .collect(Collectors.joining(",")));
  }

  /** Returns whether the report is on all the pageviews of a site, undivided but for the time. */
  public boolean ofWholeSites() {
    return entity == Entity.PAGEVIEW && fields.isEmpty() && filters.isEmpty();
  }

  /** Returns the same report under another name. */
  public Report named(String other) {
    return name.equals(other)
        ? this
        : new Report(other, entity, events, aggregates, dateGrouping, fields, filters);
  }

  /** Returns the columns of the report's table and files. */
  public TableSchema schema() {
    return TableSchema.of(this);
  }
}
