package fathomexport.sink.postgres.views;

import fathomexport.report.Aggregate;
import fathomexport.report.ApiNamed;
import fathomexport.report.DateGrouping;
import fathomexport.report.Entity;
import fathomexport.sink.postgres.db.Queries;
import fathomexport.sink.postgres.db.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A report that has a table in the database, as {@code fathom_ops.report} describes it: of whatever
 * pipeline, so that migrating one pipeline keeps the views of another.
 *
 * @param filters the filters as text, equal for reports with equal filters
 * @param byPage whether a field or a filter is about pages, so that visits are entrances
 * @param definition the digest of the definition, as in the ledger
 */
record KnownReport(
    String name,
    Entity entity,
    DateGrouping grouping,
    List<String> fields,
    List<Aggregate> aggregates,
    String filters,
    boolean byPage,
    String definition) {
  /** The fields that distinguish the pages of a site. */
  static final Set<String> OF_PAGES = Set.of("hostname", "pathname");

  private static final String NO_FILTERS = "[]";

  /** The order in which reports are preferred that could serve the same purpose. */
  static final Comparator<KnownReport> PREFERRED =
      Comparator.comparing((KnownReport r) -> -r.aggregates().size())
          .thenComparing(KnownReport::name);

  KnownReport {
    fields = List.copyOf(fields);
    aggregates = List.copyOf(aggregates);
  }

  /** Returns the reports whose definitions the database knows, by name. */
  static List<KnownReport> read(Connection connection) throws SQLException {
    return Queries.list(
        connection,
        """
        SELECT report, entity, date_grouping, fields, aggregates, filters::text AS filters,
               fields && ?
               OR EXISTS (SELECT FROM jsonb_array_elements(filters) f WHERE f ->> 'property' = ANY (?)) AS by_page,
               definition
          FROM fathom_ops.report r
         WHERE definition IS NOT NULL
           AND pg_catalog.to_regclass('fathom.' || pg_catalog.quote_ident(report)) IS NOT NULL
         ORDER BY report COLLATE "C"\
        """,
        p -> p.texts(OF_PAGES).texts(OF_PAGES),
        row ->
            new KnownReport(
                row.text("report"),
                ApiNamed.parse(Entity.class, row.text("entity")).orElseThrow(),
                ApiNamed.parse(DateGrouping.class, row.text("date_grouping")).orElseThrow(),
                row.texts("fields"),
                row.texts("aggregates").stream()
                    .map(a -> ApiNamed.parse(Aggregate.class, a))
                    .flatMap(Optional::stream)
                    .toList(),
                row.text("filters"),
                row.flag("by_page"),
                row.text("definition")));
  }

  boolean ofEvents() {
    return entity == Entity.EVENT;
  }

  boolean grouped() {
    return !fields.isEmpty();
  }

  boolean filtered() {
    return !filters.equals(NO_FILTERS);
  }

  boolean has(Aggregate aggregate) {
    return aggregates.contains(aggregate);
  }

  boolean sameFields(KnownReport other) {
    return new HashSet<>(fields).equals(new HashSet<>(other.fields));
  }

  /** Returns the qualified name of the report's table. */
  String table() {
    return "fathom." + Sql.name(name);
  }

  /** Returns the name of the column that says when: the first of the two of a range. */
  String timeColumn() {
    return switch (grouping) {
      case HOUR -> "hour";
      case DAY, MONTH, YEAR -> "date";
      case NONE -> "date_from";
    };
  }

  /** Returns the expression of a row's period, as the ledger names it: its first day. */
  String period(String row) {
    return row + "." + timeColumn() + (grouping == DateGrouping.HOUR ? "::date" : "");
  }

  /** Returns the expression of the last day of a row's period. */
  String periodEnd(String row) {
    return switch (grouping) {
      case HOUR, DAY -> period(row);
      case MONTH -> "(" + row + ".date + interval '1 month' - interval '1 day')::date";
      case YEAR -> "(" + row + ".date + interval '1 year' - interval '1 day')::date";
      case NONE -> row + ".date_to";
    };
  }

  /** Returns the expression of the event of a row, as the ledger names it. */
  String eventKey(String row) {
    return ofEvents() ? row + ".event_name" : "''::text";
  }

  /** Returns the join of the ledger's entry for the period of a row. */
  String entry(String alias, String row) {
    return joined("fathom_ops.ledger", alias, row);
  }

  /** Returns the join of a table of {@code fathom_ops} that has at most one row per period. */
  String joined(String table, String alias, String row) {
    return ("\nLEFT JOIN %s %s ON %s.report = %s AND %s.site_id = %s.site_id AND %s.event_name = %s"
            + " AND %s.period = %s AND %s.period_end = %s")
        .formatted(
            table,
            alias,
            alias,
            Sql.literal(name),
            alias,
            row,
            alias,
            eventKey(row),
            alias,
            period(row),
            alias,
            periodEnd(row));
  }

  /** Returns words for the length of a period, for comments. */
  String each() {
    return switch (grouping) {
      case HOUR -> "hour";
      case DAY -> "day";
      case MONTH -> "month";
      case YEAR -> "year";
      case NONE -> "range of days";
    };
  }
}
