package fathomexport.describe;

import fathomexport.report.Column;
import fathomexport.report.ColumnType;
import fathomexport.report.Report;
import fathomexport.sink.postgres.views.ChannelRules;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The schema {@code fathom} of the script for DuckDB: a view of the Parquet files of each report
 * and dimension, and the table of the channel rules.
 */
final class DuckDbTables {
  private static final Map<String, String> SITE =
      columns(
          "site_id VARCHAR, name VARCHAR, time_zone VARCHAR, created_at TIMESTAMPTZ, domains VARCHAR,"
              + " first_seen_at TIMESTAMPTZ, last_seen_at TIMESTAMPTZ, account VARCHAR");
  private static final Map<String, String> SITE_HISTORY =
      columns(
          "site_id VARCHAR, name VARCHAR, time_zone VARCHAR, valid_from TIMESTAMPTZ, valid_to"
              + " TIMESTAMPTZ");
  private static final Map<String, String> EVENT =
      columns(
          "site_id VARCHAR, event_name VARCHAR, currency VARCHAR, first_seen_at TIMESTAMPTZ,"
              + " last_seen_at TIMESTAMPTZ");
  private static final Map<String, String> MILESTONE =
      columns("site_id VARCHAR, milestone_id VARCHAR, date DATE, name VARCHAR");

  private final Path root;
  private final StringBuilder sql = new StringBuilder();

  private DuckDbTables(Path root) {
    this.root = root;
  }

  /**
   * Returns the statements.
   *
   * @param root the directory of the Parquet files, absolute
   * @throws IOException if the directory cannot be read
   */
  static String of(List<Report> reports, Path root) throws IOException {
    DuckDbTables tables = new DuckDbTables(root);
    tables.dimensions();
    tables.rules();
    for (Report report : reports) {
      tables.table(report);
    }
    return tables.sql.toString();
  }

  private static Map<String, String> columns(String declared) {
    Map<String, String> columns = new LinkedHashMap<>();
    for (String column : declared.split(", ", -1)) {
      String[] words = column.split(" ", -1);
      columns.put(words[0], words[1]);
    }
    return columns;
  }

  private void dimensions() {
    dimension("site", SITE);
    dimension("site_history", SITE_HISTORY);
    dimension("event", EVENT);
    dimension("milestone", MILESTONE);
  }

  private void dimension(String name, Map<String, String> columns) {
    Path file = root.resolve(name).resolve("data.parquet");
    source(
        "fathom." + name,
        columns,
        Files.isRegularFile(file) ? DuckDbText.literal(file.toString()) : "");
  }

  private void table(Report report) throws IOException {
    source("fathom." + DuckDbText.name(report.name()), columns(report), files(root, report));
  }

  /** Creates a view of files; without files it is empty, with the same columns. */
  private void source(String view, Map<String, String> columns, String files) {
    sql.append("\nCREATE OR REPLACE VIEW ").append(view).append(" AS\nSELECT ");
    if (files.isEmpty()) {
      sql.append(
          columns.entrySet().stream()
              .map(c -> "NULL::" + c.getValue() + " AS " + DuckDbText.name(c.getKey()))
              .collect(Collectors.joining(", ")));
      sql.append(
          "\n WHERE false; -- no files yet: generate this script again after the first run\n");
    } else {
      sql.append(
          columns.entrySet().stream()
              .map(
                  c ->
                      DuckDbText.name(c.getKey())
                          + "::"
                          + c.getValue()
                          + " AS "
                          + DuckDbText.name(c.getKey()))
              .collect(Collectors.joining(", ")));
      // A column that a report has had for a part of its history only is null elsewhere.
      sql.append("\n  FROM read_parquet(")
          .append(files)
          .append(", hive_partitioning = false, union_by_name = true);\n");
    }
  }

  private static Map<String, String> columns(Report report) {
    Map<String, String> columns = new LinkedHashMap<>();
    for (Column column : report.schema().columns()) {
      columns.put(column.name(), type(column.type()));
    }
    return columns;
  }

  private static String type(ColumnType type) {
    return switch (type) {
      case TEXT -> "VARCHAR";
      case DATE -> "DATE";
      case TIMESTAMP -> "TIMESTAMP";
      case INSTANT -> "TIMESTAMPTZ";
      case BIGINT -> "BIGINT";
      case DOUBLE -> "DOUBLE";
    };
  }

  /** Returns the pattern of a report's files as a literal; empty without files. */
  static String files(Path root, Report report) throws IOException {
    Path folder = root.resolve(report.name());
    if (!Files.isDirectory(folder)) {
      return "";
    }
    try (Stream<Path> found =
        Files.find(folder, 3, (path, is) -> is.isRegularFile() && path.endsWith("data.parquet"))) {
      return found.findAny().isPresent() ? DuckDbText.literal(folder + "/**/data.parquet") : "";
    }
  }

  private void rules() {
    sql.append(
        """

        -- As shipped. Where you have edited fathom.channel_rule in PostgreSQL, edit it here, too.
        CREATE OR REPLACE TABLE fathom.channel_rule (position INTEGER, channel VARCHAR, field VARCHAR, pattern VARCHAR, like_pattern VARCHAR);
        """);
    List<String> rows = new ArrayList<>();
    for (ChannelRules.Rule rule : ChannelRules.shipped()) {
      rows.add(rule(rows.size() + 1, rule.channel(), rule.field(), rule.pattern()));
    }
    sql.append("INSERT INTO fathom.channel_rule VALUES\n  ")
        .append(String.join(",\n  ", rows))
        .append(";\n");
  }

  private static String rule(int place, String channel, String field, String pattern) {
    String like =
        pattern
            .toLowerCase(Locale.ROOT)
            .replace("\\", "\\\\")
            .replace("%", "\\%")
            .replace("_", "\\_")
            .replace("*", "%");
    return "(%d, %s, %s, %s, %s)"
        .formatted(
            10 * place,
            DuckDbText.literal(channel),
            DuckDbText.literal(field),
            DuckDbText.literal(pattern),
            DuckDbText.literal(like));
  }
}
