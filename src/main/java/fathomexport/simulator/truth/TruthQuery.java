package fathomexport.simulator.truth;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A query for {@link Truth}, in the API's own names.
 *
 * @param event the event's name; null for pageviews
 * @param dateGrouping {@code none}, {@code hour}, {@code day}, {@code month} or {@code year}
 * @param from first local day
 * @param to last local day, included
 */
public record TruthQuery(
    String site,
    @Nullable String event,
    List<String> aggregates,
    String dateGrouping,
    List<String> fields,
    List<Condition> filters,
    LocalDate from,
    LocalDate to) {

  /** A filter, in the API's own names. */
  public record Condition(String property, String operator, String value) {}

  public TruthQuery {
    aggregates = List.copyOf(aggregates);
    fields = List.copyOf(fields);
    filters = List.copyOf(filters);
    if (to.isBefore(from)) {
      throw new IllegalArgumentException(
          "the range ends (" + to + ") before it starts (" + from + ")");
    }
  }

  /** Creates a query for all five aggregates of pageviews, in total. */
  public static TruthQuery pageviews(String site, LocalDate from, LocalDate to) {
    return new TruthQuery(
        site,
        null,
        List.of("visits", "uniques", "pageviews", "avg_duration", "bounce_rate"),
        "none",
        List.of(),
        List.of(),
        from,
        to);
  }

  /** Creates a query for all three aggregates of an event, in total. */
  public static TruthQuery event(String site, String name, LocalDate from, LocalDate to) {
    return new TruthQuery(
        site,
        name,
        List.of("conversions", "unique_conversions", "value"),
        "none",
        List.of(),
        List.of(),
        from,
        to);
  }

  public TruthQuery aggregates(List<String> newAggregates) {
    return new TruthQuery(site, event, newAggregates, dateGrouping, fields, filters, from, to);
  }

  public TruthQuery by(String newDateGrouping) {
    return new TruthQuery(site, event, aggregates, newDateGrouping, fields, filters, from, to);
  }

  public TruthQuery fields(List<String> newFields) {
    return new TruthQuery(site, event, aggregates, dateGrouping, newFields, filters, from, to);
  }

  public TruthQuery fields(String... newFields) {
    return fields(List.of(newFields));
  }

  /** Returns the query with an additional filter; all filters must hold. */
  public TruthQuery where(String property, String operator, String value) {
    List<Condition> more = new ArrayList<>(filters);
    more.add(new Condition(property, operator, value));
    return new TruthQuery(site, event, aggregates, dateGrouping, fields, more, from, to);
  }
}
