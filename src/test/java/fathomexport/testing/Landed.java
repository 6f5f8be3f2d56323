package fathomexport.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What landed, read by means that are not ours: plain SELECTs, and DuckDB for the files. */
public final class Landed {
  private Landed() {}

  /** A report's rows in PostgreSQL; dates and times are of {@code java.time}. */
  public static List<List<@Nullable Object>> inPostgres(TestDatabase database, Question question) {
    return database.onKept(connection -> select(connection, question, "fathom." + question.name()));
  }

  /** A report's rows in Parquet files; none when there is no file. */
  public static List<List<@Nullable Object>> inParquet(Path warehouse, Question question) {
    Path folder = warehouse.resolve(question.name());
    if (files(folder).isEmpty()) {
      return List.of();
    }
    try (Connection duck = DriverManager.getConnection("jdbc:duckdb:")) {
      return select(
          duck, question, "read_parquet('" + folder + "/**/*.parquet', hive_partitioning=false)");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The Parquet files below a folder with their bytes, by path. */
  public static SortedMap<Path, byte[]> files(Path folder) {
    TreeMap<Path, byte[]> files = new TreeMap<>();
    if (!Files.isDirectory(folder)) {
      return files;
    }
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.filter(p -> p.toString().endsWith(".parquet")).toList()) {
        files.put(folder.relativize(path), Files.readAllBytes(path));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return files;
  }

  /** How many certificates of each status the files of a report carry. */
  public static Map<String, Long> parquetStatuses(Path warehouse, Question question) {
    Map<String, Long> statuses = new HashMap<>();
    String sql =
        "SELECT status, count(*) FROM (SELECT unnest(from_json(json_extract(decode(value),"
            + " '$.periods[*].status'), '[\"VARCHAR\"]')) AS status FROM parquet_kv_metadata('"
            + warehouse.resolve(question.name())
            + "/**/*.parquet') WHERE decode(key) = 'fathom_export.ledger') GROUP BY 1";
    try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duck.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      while (rows.next()) {
        statuses.put(rows.getString(1), rows.getLong(2));
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return statuses;
  }

  /**
   * What a report's files say of their periods, but for who fetched them when: one line a period.
   */
  public static List<String> parquetPeriods(Path warehouse, Question question) {
    return ask(
        "SELECT concat_ws(' ', file, p.period, p.event, p.covers_to, p.digest, p.rows, p.status,"
            + " p.stored, p.sums, p.control) FROM ("
            + periods(warehouse, question)
            + ") ORDER BY ALL");
  }

  /** Periods in files whose rows are not as many as the file's ledger says; one line each. */
  public static List<String> tornInParquet(Path warehouse, Question question) {
    if (files(warehouse.resolve(question.name())).isEmpty()) {
      return List.of();
    }
    String key = "site_id" + (question.event() ? ", event_name" : ", '' AS event_name");
    return ask(
        "WITH said AS (SELECT site AS site_id, coalesce(p.event, '') AS event_name,"
            + " p.period::DATE AS period, sum(p.rows) AS rows FROM ("
            + periods(warehouse, question)
            + ") WHERE p.stored GROUP BY ALL), found AS (SELECT "
            + key
            + ", "
            + period(question)
            + " AS period, count(*) AS rows FROM read_parquet('"
            + warehouse.resolve(question.name())
            + "/**/*.parquet', hive_partitioning=false) GROUP BY ALL)"
            + difference(question));
  }

  /** Periods in a table whose rows are not as many as the ledger says; one line each. */
  public static List<String> tornInPostgres(TestDatabase database, Question question) {
    String key = "site_id" + (question.event() ? ", event_name" : ", '' AS event_name");
    return database
        .query(
            "WITH said AS (SELECT site_id, event_name, period, rows FROM fathom_ops.ledger"
                + " WHERE stored AND report = '"
                + question.name()
                + "'), found AS (SELECT "
                + key
                + ", "
                + period(question)
                + " AS period, count(*) AS rows FROM fathom."
                + question.name()
                + " GROUP BY 1, 2, 3)"
                + difference(question))
        .stream()
        .map(row -> String.valueOf(row.get(0)))
        .toList();
  }

  private static String difference(Question question) {
    return " SELECT concat_ws(' ', '"
        + question.name()
        + "', site_id, event_name, period, 'said', said.rows, 'found', found.rows)"
        + " FROM said FULL JOIN found USING (site_id, event_name, period)"
        + " WHERE coalesce(said.rows, 0) <> coalesce(found.rows, 0)"
        + " OR (said.rows IS NULL AND found.rows IS NOT NULL)";
  }

  private static String period(Question question) {
    return switch (question.dateGrouping()) {
      case "hour" -> "CAST(hour AS DATE)";
      case "none" -> "date_from";
      default -> "date";
    };
  }

  private static String periods(Path warehouse, Question question) {
    String structure =
        "[{\"period\":\"VARCHAR\",\"event\":\"VARCHAR\",\"covers_to\":\"VARCHAR\",\"digest\":\"VARCHAR\","
            + "\"rows\":\"BIGINT\",\"status\":\"VARCHAR\",\"stored\":\"BOOLEAN\",\"sums\":\"JSON\","
            + "\"control\":\"JSON\"}]";
    return "SELECT replace(file_name, '"
        + warehouse
        + "', '') AS file, unnest(from_json(json_extract(decode(value), '$.periods'), '"
        + structure
        + "')) AS p, json_extract_string(decode(value), '$.site_id') AS site FROM"
        + " parquet_kv_metadata('"
        + warehouse.resolve(question.name())
        + "/**/*.parquet') WHERE decode(key) = 'fathom_export.ledger'";
  }

  private static List<String> ask(String sql) {
    List<String> lines = new ArrayList<>();
    try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duck.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      while (rows.next()) {
        lines.add(rows.getString(1));
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return lines;
  }

  private static List<List<@Nullable Object>> select(
      Connection connection, Question question, String from) throws SQLException {
    String columns =
        question.columns().stream().map(c -> '"' + c + '"').collect(Collectors.joining(", "));
    List<List<@Nullable Object>> rows = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("SELECT " + columns + " FROM " + from)) {
      while (result.next()) {
        List<@Nullable Object> row = new ArrayList<>();
        for (int i = 1; i <= question.columns().size(); i++) {
          // Never by way of java.sql.Timestamp, which knows the hours of this machine's zone only.
          row.add(
              switch (result.getMetaData().getColumnType(i)) {
                case Types.DATE -> result.getObject(i, LocalDate.class);
                case Types.TIMESTAMP -> result.getObject(i, LocalDateTime.class);
                default -> result.getObject(i);
              });
        }
        rows.add(row);
      }
    }
    return rows;
  }

  /**
   * Where two tables differ, as rows of any order with their counts.
   *
   * @return a line a difference, the first few; empty when they are the same
   */
  public static List<String> differences(
      List<List<@Nullable Object>> expected, List<List<@Nullable Object>> actual) {
    Map<List<@Nullable Object>, Integer> balance = new HashMap<>();
    expected.forEach(row -> balance.merge(row, 1, Integer::sum));
    actual.forEach(row -> balance.merge(row, -1, Integer::sum));
    return balance.entrySet().stream()
        .filter(e -> e.getValue() != 0)
        .map(e -> (e.getValue() > 0 ? "missing " : "foreign ") + e.getKey())
        .sorted()
        .limit(10)
        .toList();
  }
}
