package fathomexport.report;

import java.io.Serializable;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The content of a query to the API without its site, event and days. Reports that differ only in
 * their aggregates share a shape. Control queries are shapes without fields.
 *
 * @param aggregates in the enum's order, so that equal sets produce equal requests
 */
public record QueryShape(
    Entity entity,
    List<Aggregate> aggregates,
    DateGrouping dateGrouping,
    List<Field> fields,
    List<Filter> filters)
    implements Serializable {
  private static final int PARTS_OF_KEY = 4;

  public QueryShape {
    if (aggregates.isEmpty()) {
      throw new IllegalArgumentException("a query asks for at least one aggregate");
    }
    aggregates = List.copyOf(EnumSet.copyOf(aggregates));
    fields = List.copyOf(fields);
    filters = List.copyOf(filters);
  }

  /** Returns the same query with these filters instead. */
  public QueryShape withFilters(List<Filter> others) {
    return new QueryShape(entity, aggregates, dateGrouping, fields, others);
  }

  public QueryShape withFields(List<Field> others) {
    return new QueryShape(entity, aggregates, dateGrouping, others, filters);
  }

  /**
   * Returns the name under which learned limits of the shape are stored. It contains neither
   * aggregates nor filter values.
   */
  public String key() {
    return entity.apiName()
        + ":"
        + dateGrouping.apiName()
        + ":"
        + fields.stream().map(Field::apiName).collect(Collectors.joining(","))
        + ":"
        + filters.stream()
            .map(f -> f.property().apiName() + " " + f.operator().apiName())
            .collect(Collectors.joining(","));
  }

  /** Describes a {@link #key} in words. Returns the text unchanged if it is not a key. */
  public static String inWords(String key) {
    String[] parts = key.split(":", -1);
    if (parts.length != PARTS_OF_KEY) {
      return key;
    }
    return parts[0]
        + "s "
        + (parts[1].equals(DateGrouping.NONE.apiName()) ? "in total" : "per " + parts[1])
        + (parts[2].isEmpty() ? "" : " by " + parts[2].replace(",", ", "))
        + (parts[3].isEmpty() ? "" : ", filtered: " + parts[3].replace(",", ", "));
  }
}
