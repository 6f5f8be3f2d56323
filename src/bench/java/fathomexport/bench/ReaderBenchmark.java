package fathomexport.bench;

import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.Entity;
import fathomexport.report.Field;
import fathomexport.report.Report;
import fathomexport.report.SecretRef;
import fathomexport.sink.postgres.PostgresSink;
import fathomexport.sink.postgres.db.PostgresSettings;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * How long readers of a large report wait: five questions to three years of pages of fifty sites,
 * each as a ratio to a sequential scan of the same table in the same round, with and without the
 * index on the days; and what the index costs when windows are replaced. Medians of the rounds.
 *
 * <p>The first part of the rows lies in the table as a backfill leaves it (site by site), the last
 * sixty days as nightly runs do (day by day).
 *
 * <p>System properties: {@code bench.rows} (3,000,000), {@code bench.rounds} (5), {@code
 * bench.settings} (statements that a reader's session begins with), {@code bench.url} (an empty
 * database to use instead of the embedded server).
 */
final class ReaderBenchmark {
  private static final int SITES = 50;
  private static final int DAYS = 1095;
  private static final String MONTH = "date >= '2026-05-01' AND date < '2026-06-01'";
  private static final String TABLE = "fathom.pages_daily";
  private static final String SEQUENTIAL = "sequential scan";

  /** The questions of people, by their names. */
  private static final Map<String, String> QUESTIONS = questions();

  private final Statement statement;
  private final int rounds;

  private ReaderBenchmark(Statement statement, int rounds) {
    this.statement = statement;
    this.rounds = rounds;
  }

  private static Map<String, String> questions() {
    Map<String, String> questions = new LinkedHashMap<>();
    String pages = "SELECT hostname, pathname, sum(pageviews) FROM " + TABLE + " WHERE ";
    String top = " GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 20";
    questions.put(
        "top 20 pages of a site and month", pages + "site_id = 'SITE0007' AND " + MONTH + top);
    questions.put(
        "all sites by day of a month",
        "SELECT site_id, date, sum(pageviews) FROM " + TABLE + " WHERE " + MONTH + " GROUP BY 1, 2");
    questions.put("top 20 pages of all sites of a month", pages + MONTH + top);
    questions.put(
        "one page over three years",
        "SELECT date, sum(pageviews) FROM "
            + TABLE
            + " WHERE site_id = 'SITE0007' AND pathname = '/blog/article-17' GROUP BY 1");
    questions.put(
        "a site year over year",
        "SELECT extract(year FROM date), extract(month FROM date), sum(pageviews) FROM "
            + TABLE
            + " WHERE site_id = 'SITE0007' GROUP BY 1, 2");
    questions.put(
        "top 20 pages of a site and month, view",
        "SELECT hostname, pathname, sum(pageviews) FROM fathom_bi.pages_daily WHERE site_id ="
            + " 'SITE0007' AND "
            + MONTH
            + top);
    questions.put(
        "all sites by day of a month, view",
        "SELECT site_id, date, sum(pageviews) FROM fathom_bi.pages_daily WHERE "
            + MONTH
            + " GROUP BY 1, 2");
    return questions;
  }

  public static void main(String[] args) throws Exception {
    int rounds = Integer.getInteger("bench.rounds", 5);
    int perDay = Integer.getInteger("bench.rows", 3_000_000) / (SITES * DAYS);
    String url = System.getProperty("bench.url", "");
    if (!url.isEmpty()) {
      run(url, rounds, perDay);
      return;
    }
    try (EmbeddedPostgres postgres =
        EmbeddedPostgres.builder()
            .setServerConfig("listen_addresses", "127.0.0.1")
            .setServerConfig("max_wal_size", "4GB")
            .setServerConfig("shared_buffers", "1GB")
            .start()) {
      run("jdbc:postgresql://127.0.0.1:" + postgres.getPort() + "/postgres", rounds, perDay);
    }
  }

  private static void run(String url, int rounds, int perDay) throws SQLException {
    try (PostgresSink sink =
        new PostgresSink(
            new PostgresSettings(url, "postgres", new SecretRef.Env("BENCH_PASSWORD")),
            Map.of("BENCH_PASSWORD", "postgres"))) {
      sink.migrate(
          List.of(
              new Report(
                  "pages_daily",
                  Entity.PAGEVIEW,
                  null,
                  List.of(Aggregate.VISITS, Aggregate.PAGEVIEWS),
                  DateGrouping.DAY,
                  List.of(Field.HOSTNAME, Field.PATHNAME),
                  List.of())));
    }
    try (Connection connection = DriverManager.getConnection(url, "postgres", "postgres");
        Statement statement = connection.createStatement()) {
      new ReaderBenchmark(statement, rounds).run(perDay);
    }
  }

  private void run(int perDay) throws SQLException {
    long begun = System.nanoTime();
    fill(perDay, 0, DAYS - 61, "s, d, p");
    fill(perDay, DAYS - 60, DAYS - 1, "d, s, p");
    statement.execute("VACUUM ANALYZE " + TABLE);
    System.out.printf(
        Locale.ROOT,
        "machine: %d cores, %s, Java %s; %s%n%,d rows, %s, made in %.0f s%n",
        Runtime.getRuntime().availableProcessors(),
        System.getProperty("os.arch"),
        System.getProperty("java.version"),
        text("SELECT version()"),
        (long) perDay * SITES * DAYS,
        text("SELECT pg_size_pretty(pg_relation_size('" + TABLE + "'))"),
        (System.nanoTime() - begun) / 1e9);
    statement.execute(System.getProperty("bench.settings", "SET jit = off"));
    String index =
        text(
            "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid ="
                + " i.indexrelid JOIN pg_am m ON m.oid = c.relam WHERE m.amname = 'brin' AND"
                + " i.indrelid = '"
                + TABLE
                + "'::regclass");
    String create = text("SELECT pg_get_indexdef('" + index + "'::regclass)");
    List<Double> loadsWith = new ArrayList<>();
    List<Double> loadsWithout = new ArrayList<>();
    // Whether the planner may use an index of the table is what differs, not the table.
    Map<String, List<Double>> with = new LinkedHashMap<>();
    Map<String, List<Double>> without = new LinkedHashMap<>();
    for (int round = 0; round < rounds; round++) {
      measure(with);
      loadsWith.add(replace(perDay, round));
      statement.execute("DROP INDEX " + index);
      measure(without);
      loadsWithout.add(replace(perDay, round + 1));
      statement.execute(create);
    }
    print(with, without);
    System.out.printf(
        Locale.ROOT,
        "replacing four days of ten sites: %.2f times as long with the index (%.0f ms, %.0f ms"
            + " without)%n",
        median(loadsWith) / median(loadsWithout),
        median(loadsWith),
        median(loadsWithout));
  }

  private void fill(int perDay, int first, int last, String order) throws SQLException {
    statement.execute(
        "INSERT INTO "
            + TABLE
            + " (site_id, date, hostname, pathname, visits, pageviews) "
            + rows(perDay, "generate_series(1, " + SITES + ")", first, last)
            + " ORDER BY "
            + order);
  }

  private static String rows(int perDay, String sites, int first, int last) {
    return "SELECT 'SITE' || lpad(s::text, 4, '0'), date '2023-11-01' + d, 'www.site' || s ||"
        + " '.example', '/blog/article-' || (p + (d * 13) % (3 * "
        + perDay
        + ")), 1 + (p * d) % 50, 2 + (p * d) % 90 FROM "
        + sites
        + " s, generate_series("
        + first
        + ", "
        + last
        + ") d, generate_series(1, "
        + perDay
        + ") p";
  }

  /** Replaces the last four days of ten sites, a transaction per site, as a look-back does. */
  private double replace(int perDay, int round) throws SQLException {
    long begun = System.nanoTime();
    statement.getConnection().setAutoCommit(false);
    for (int site = 1; site <= 10; site++) {
      int number = (round * 10 + site) % SITES + 1;
      statement.execute(
          "DELETE FROM %s WHERE site_id = 'SITE%04d' AND date >= date '2023-11-01' + %d"
              .formatted(TABLE, number, DAYS - 4));
      statement.execute(
          "INSERT INTO "
              + TABLE
              + " (site_id, date, hostname, pathname, visits, pageviews) "
              + rows(perDay, "(VALUES (" + number + "))", DAYS - 4, DAYS - 1)
                  .replace(") s, ", ") s (s), "));
      statement.getConnection().commit();
    }
    statement.getConnection().setAutoCommit(true);
    return (System.nanoTime() - begun) / 1e6;
  }

  private void measure(Map<String, List<Double>> times) throws SQLException {
    for (Map.Entry<String, String> question : QUESTIONS.entrySet()) {
      // The first run warms the caches; a reader with a dashboard asks again and again.
      time(question.getValue());
      times
          .computeIfAbsent(question.getKey(), q -> new ArrayList<>())
          .add(time(question.getValue()));
    }
    statement.execute("SET enable_indexscan = off; SET enable_bitmapscan = off");
    statement.execute("SET enable_indexonlyscan = off");
    times
        .computeIfAbsent(SEQUENTIAL, q -> new ArrayList<>())
        .add(time("SELECT count(*), sum(pageviews) FROM " + TABLE));
    statement.execute("RESET enable_indexscan; RESET enable_bitmapscan");
    statement.execute("RESET enable_indexonlyscan");
  }

  private double time(String sql) throws SQLException {
    long begun = System.nanoTime();
    try (ResultSet rows = statement.executeQuery(sql)) {
      while (rows.next()) {
        rows.getString(1);
      }
    }
    return (System.nanoTime() - begun) / 1e6;
  }

  private static void print(Map<String, List<Double>> with, Map<String, List<Double>> without) {
    System.out.printf(
        Locale.ROOT, "%-40s %12s %8s %14s %8s%n", "question", "ms", "of scan", "ms, no index", "");
    double scan = median(with.getOrDefault(SEQUENTIAL, List.of(0.0)));
    double scanWithout = median(without.getOrDefault(SEQUENTIAL, List.of(0.0)));
    with.forEach(
        (question, times) -> {
          double before = median(without.getOrDefault(question, List.of(0.0)));
          System.out.printf(
              Locale.ROOT,
              "%-40s %,12.1f %8.3f %,14.1f %8.3f%n",
              question,
              median(times),
              median(times) / scan,
              before,
              before / scanWithout);
        });
  }

  private String text(String sql) throws SQLException {
    try (ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }
}
