package fathomexport.sink.postgres.schema;

import fathomexport.report.Aggregate;
import fathomexport.report.Column;
import fathomexport.report.ColumnType;
import fathomexport.report.DateGrouping;
import fathomexport.report.Field;
import fathomexport.report.Filter;
import fathomexport.report.Report;
import fathomexport.report.TableSchema;
import fathomexport.sink.Sink;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.sink.postgres.db.Queries;
import fathomexport.sink.postgres.db.Sql;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.zip.CRC32;

/**
 * A report's table in schema {@code fathom}: creates it, extends it, and records its definition.
 */
public final class ReportTable {
  public static final String SCHEMA = PostgresSettings.SCHEMA;

  /** What follows the digest of a definition in the ledger if columns of its rows were dropped. */
  private static final String WITHOUT = " without ";

  /** First seeds of the two hash chains over a row's fields: any two different numbers. */
  public static final List<Long> SEEDS = List.of(0L, 4_702_111_234_474_983_745L);

  private final Report report;
  private final String table;
  private final TableSchema schema;
  private final TableComments comments;

  ReportTable(Report report) {
    this(report, report.name());
  }

  /**
   * @param table the table's name: an earlier name of the report, if it is yet to be renamed
   */
  ReportTable(Report report, String table) {
    this.report = report;
    this.table = table;
    this.schema = report.schema();
    this.comments = new TableComments(report, qualified(table));
  }

  public static String qualified(String report) {
    return SCHEMA + "." + Sql.name(report);
  }

  Report report() {
    return report;
  }

  String qualifiedName() {
    return qualified(table);
  }

  /**
   * Returns the checksum of everything that {@link #migrate} creates. A definition with a different
   * checksum is migrated.
   */
  int checksum() {
    CRC32 crc = new CRC32();
    String all =
        create()
            + index()
            + String.join("\n", comments.statements())
            + report.dateGrouping()
            + replicaIdentity()
            + report.definition();
    crc.update(all.getBytes(StandardCharsets.UTF_8));
    return (int) crc.getValue();
  }

  boolean exists(Connection connection) throws SQLException {
    return !columns(connection).isEmpty();
  }

  /** Returns whether the table exists with all columns of the report. */
  boolean isWhole(Connection connection) throws SQLException {
    return columns(connection)
        .keySet()
        .containsAll(schema.columns().stream().map(Column::name).toList());
  }

  /** Returns why this definition cannot have its table, with the remedy; empty if it can. */
  Optional<String> refusal(Connection connection) throws SQLException {
    Map<String, String> present = columns(connection);
    return present.isEmpty()
        ? Optional.empty()
        : new ChangedDefinition(report, table, present, recordedGrouping(connection))
            .refusal(connection);
  }

  /** Creates the table, or adds what it lacks. Call only if there is no {@link #refusal}. */
  void migrate(Connection connection) throws SQLException {
    Map<String, String> present = columns(connection);
    try (Statement statement = connection.createStatement()) {
      if (present.isEmpty()) {
        // A table that was renamed or dropped took its rows along: none of them is stored any more.
        forget(connection, "fathom_ops.ledger");
        forget(connection, "fathom_ops.attempt");
        forget(connection, "fathom_ops.difference");
        statement.execute(create());
        statement.execute(index());
        for (TimeIndex byTime : timeIndex()) {
          statement.execute(byTime.create());
        }
      } else {
        List<String> added = new ArrayList<>();
        for (Column c : schema.columns(Column.Role.MEASURE)) {
          if (!present.containsKey(c.name())) {
            // Nullable for every measure: rows that were stored before do not have it.
            statement.execute(
                "ALTER TABLE "
                    + qualifiedName()
                    + " ADD COLUMN "
                    + Sql.name(c.name())
                    + " "
                    + type(c.type()));
            added.add(c.name());
          }
        }
        if (!added.isEmpty()) {
          outdate(connection, added);
        }
      }
      for (String comment : comments.statements()) {
        statement.execute(comment);
      }
      if (!hasReplicaIdentity(connection)) {
        statement.execute(replicaIdentity());
      }
    }
    record(connection);
  }

  private String create() {
    return schema.columns().stream()
        .map(c -> Sql.name(c.name()) + " " + type(c.type()) + (c.nullable() ? "" : " NOT NULL"))
        .collect(Collectors.joining(", ", "CREATE TABLE " + qualifiedName() + " (", ")"));
  }

  /**
   * Returns the statement for the unique index of the grain. The fields are indexed as 128 bits of
   * hash, because a btree entry holds at most 2,704 bytes and a path may be longer. The site and
   * the days remain readable columns in front, for queries and for replacing windows. The index is
   * unnamed, so that a renamed table keeps its index name.
   */
  private String index() {
    List<String> parts = new ArrayList<>();
    for (Column c : schema.keyColumns()) {
      if (c.role() != Column.Role.FIELD) {
        parts.add(Sql.name(c.name()));
      }
    }
    if (!report.fields().isEmpty()) {
      for (long seed : SEEDS) {
        parts.add(hash(seed));
      }
    }
    return "CREATE UNIQUE INDEX ON " + qualifiedName() + " (" + String.join(", ", parts) + ")";
  }

  /** Returns the index for readers, which an existing table gets without being locked. */
  List<TimeIndex> timeIndex() {
    return TimeIndex.of(report, qualifiedName());
  }

  /**
   * Returns the hash expression of the fields. Each field is hashed with the hash of the previous
   * ones as its seed. Null differs from {@code ''}.
   */
  private String hash(long seed) {
    String chain = seed + "::bigint";
    for (Field f : report.fields()) {
      chain =
          "hashtextextended(coalesce('=' || "
              + Sql.name(f.apiName())
              + ", '') COLLATE \"C\", "
              + chain
              + ")";
    }
    return chain;
  }

  /** Returns the type's name in PostgreSQL's catalog. */
  static String type(ColumnType type) {
    return switch (type) {
      case TEXT -> "text";
      case DATE -> "date";
      case TIMESTAMP -> "timestamp without time zone";
      case INSTANT -> "timestamp with time zone";
      case BIGINT -> "bigint";
      case DOUBLE -> "double precision";
    };
  }

  /**
   * Returns the names and types of the table's columns in their order; empty if the table does not
   * exist.
   */
  private Map<String, String> columns(Connection connection) throws SQLException {
    Map<String, String> columns = new LinkedHashMap<>();
    Queries.list(
            connection,
            """
            SELECT a.attname AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type
              FROM pg_catalog.pg_attribute a
              JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
              JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = ? AND c.relname = ? AND a.attnum > 0 AND NOT a.attisdropped
             ORDER BY a.attnum\
            """,
            p -> p.text(SCHEMA).text(table),
            r -> Map.entry(r.text("name"), r.text("type")))
        .forEach(column -> columns.put(column.getKey(), column.getValue()));
    return columns;
  }

  private Optional<String> recordedGrouping(Connection connection) throws SQLException {
    if (!isTable(connection, "fathom_ops.report")) {
      return Optional.empty();
    }
    return Queries.first(
        connection,
        "SELECT date_grouping FROM fathom_ops.report WHERE report = ?",
        p -> p.text(table),
        r -> r.text("date_grouping"));
  }

  static boolean isTable(Connection connection, String qualified) throws SQLException {
    return Queries.first(
            connection,
            "SELECT pg_catalog.to_regclass(?) IS NOT NULL AS present",
            p -> p.text(qualified),
            r -> r.flag("present"))
        .orElse(false);
  }

  private void forget(Connection connection, String controlTable) throws SQLException {
    Queries.update(
        connection,
        "DELETE FROM " + controlTable + " WHERE report = ?",
        p -> p.text(report.name()));
  }

  /**
   * Makes stored periods stale whose definition claims columns that the table has only now: it had
   * them before, and they were dropped with their values. Such a definition need not be the present
   * one; a filter may be restored later. Sums of months from before the drop are not of these rows.
   */
  private void outdate(Connection connection, List<String> added) throws SQLException {
    Queries.update(
        connection,
        """
        UPDATE fathom_ops.ledger l
           SET definition = l.definition || CASE WHEN l.definition LIKE ? THEN ', ' ELSE ? END || ?
         WHERE l.report = ? AND l.definition NOT LIKE ?
           AND NOT EXISTS (SELECT FROM fathom_ops.report_definition d
                            WHERE d.report = l.report AND d.digest = split_part(l.definition, ' ', 1)
                              AND NOT d.aggregates && ?)\
        """,
        p ->
            p.text("%" + WITHOUT + "%")
                .text(WITHOUT)
                .text(String.join(", ", added))
                .text(report.name())
                .text("% " + String.join(", ", added))
                .texts(added));
    forget(connection, "fathom_ops.month_sum");
  }

  /**
   * Returns the statement that lets a publication of all tables replicate deleted rows. The unique
   * index cannot identify them, since it is on hashes; without logical decoding, whole rows cost
   * nothing.
   */
  private String replicaIdentity() {
    return "ALTER TABLE " + qualifiedName() + " REPLICA IDENTITY FULL";
  }

  private boolean hasReplicaIdentity(Connection connection) throws SQLException {
    return Queries.first(
            connection,
            "SELECT relreplident = 'f' AS full_rows FROM pg_catalog.pg_class"
                + " WHERE oid = pg_catalog.to_regclass(?)",
            p -> p.text(qualifiedName()),
            r -> r.flag("full_rows"))
        .orElse(false);
  }

  private void record(Connection connection) throws SQLException {
    Queries.update(
        connection,
        """
        INSERT INTO fathom_ops.report
          (report, entity, date_grouping, grain, fields, aggregates, definition, filters)
        SELECT ?, ?, ?, ?, ?, ?, ?,
               coalesce(jsonb_agg(jsonb_build_object('property', f.property, 'operator', f.operator, 'value', f.value)
                                  ORDER BY f.property COLLATE "C", f.operator COLLATE "C", f.value COLLATE "C"),
                        '[]')
          FROM unnest(?, ?, ?) f (property, operator, value)
        ON CONFLICT (report) DO UPDATE
           SET entity = excluded.entity, date_grouping = excluded.date_grouping,
               grain = excluded.grain, fields = excluded.fields,
               aggregates = excluded.aggregates, definition = excluded.definition,
               filters = excluded.filters, migrated_at = pg_catalog.now()\
        """,
        p ->
            p.text(report.name())
                .text(report.entity().apiName())
                .text(report.dateGrouping().apiName())
                .texts(schema.keyColumns().stream().map(Column::name).toList())
                .texts(report.fields().stream().map(Field::apiName).toList())
                .texts(report.aggregates().stream().map(Aggregate::apiName).toList())
                .text(report.definition())
                .texts(report.filters().stream().map(f -> f.property().apiName()).toList())
                .texts(report.filters().stream().map(f -> f.operator().apiName()).toList())
                .texts(report.filters().stream().map(Filter::value).toList()));
    Queries.update(
        connection,
        """
        INSERT INTO fathom_ops.report_definition
          (report, valid_from, digest, entity, date_grouping, fields, aggregates, filters)
        SELECT report, migrated_at, definition, entity, date_grouping, fields, aggregates, filters
          FROM fathom_ops.report r
         WHERE report = ?
           AND definition IS DISTINCT FROM (SELECT digest
                                              FROM fathom_ops.report_definition d
                                             WHERE d.report = r.report
                                             ORDER BY valid_from DESC
                                             LIMIT 1)
        ON CONFLICT DO NOTHING\
        """,
        p -> p.text(report.name()));
  }

  /**
   * Returns the statement that moves a report's table away, and what to do then. To drop it would
   * lose what no backfill can fetch again.
   */
  static String moveAway(String report) {
    return "ALTER TABLE "
        + qualified(report)
        + " RENAME TO "
        + Sql.name(report + "_old")
        + "; "
        + Sink.THEN_BACKFILL;
  }

  /** Returns the SQL expression of a row's period: a date, whatever the type of the time column. */
  public static String period(TableSchema schema) {
    int time = schema.indexOf(Column.Role.TIME);
    String column = Sql.name(schema.columns().get(time).name());
    return schema.dateGrouping() == DateGrouping.HOUR ? column + "::date" : column;
  }
}
