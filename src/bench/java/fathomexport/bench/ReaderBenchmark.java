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
 * How long readers of a large report wait: questions to three years of pages of fifty sites, to the
 * tables and to the views, each as a ratio to a sequential scan of the same table in the same
 * round. Medians of the rounds.
 *
 * <p>The first part of the rows lies in the table as a backfill leaves it (site by site), the last
 * sixty days as nightly runs do (day by day).
 *
 * <p>System properties: {@code bench.rows} (3,000,000), {@code bench.rounds} (5), {@code
 * bench.settings} (statements that a reader's session begins with), {@code bench.without} (also
 * measures without the index on the days, and what the index costs when windows are replaced),
 * {@code bench.url} (a database to use instead of the embedded server: an empty one, or one that an
 * earlier run has filled).
 */
final class ReaderBenchmark {
  private static final int SITES = 50;
  private static final int DAYS = 1095;
  private static final String MONTH = "date >= '2026-05-01' AND date < '2026-06-01'";
  private static final String SITE = "site_id = 'SITE0007'";
  private static final String TABLE = "fathom.pages_daily";
  private static final String COLUMNS =
      " (site_id, date, hostname, pathname, visits, uniques, pageviews, avg_duration, bounce_rate) ";
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
    String top = " GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 20";
    for (String schema : List.of("fathom", "fathom_bi")) {
      String from = schema + ".pages_daily WHERE ";
      String pages = "SELECT hostname, pathname, sum(pageviews) FROM " + from;
      String place = schema.equals("fathom") ? "" : ", view";
      questions.put(
          "top 20 pages of a site and month" + place, pages + SITE + " AND " + MONTH + top);
      questions.put(
          "all sites by day of a month" + place,
          "SELECT site_id, date, sum(pageviews) FROM " + from + MONTH + " GROUP BY 1, 2");
      questions.put("top 20 pages of all sites of a month" + place, pages + MONTH + top);
      questions.put(
          "one page over three years" + place,
          "SELECT date, sum(pageviews) FROM "
              + from
              + SITE
              + " AND pathname = '/blog/article-17' GROUP BY 1");
      questions.put(
          "a site year over year" + place,
          "SELECT extract(year FROM date), extract(month FROM date), sum(pageviews) FROM "
              + from
              + SITE
              + " GROUP BY 1, 2");
    }
    String months = "SELECT hostname, pathname, pageviews FROM fathom_bi.pages_daily_month WHERE ";
    questions.put(
        "top 20 pages of a site and month, pages_daily_month",
        months + SITE + " AND month = '2026-05-01' ORDER BY 3 DESC LIMIT 20");
    questions.put(
        "top 20 pages of all sites of a month, pages_daily_month",
        months + "month = '2026-05-01' ORDER BY 3 DESC LIMIT 20");
    questions.put(
        "all sites by day of a month, site_day",
        "SELECT site_id, date, pageviews, state FROM fathom_bi.site_day WHERE " + MONTH);
    questions.put(
        "all sites of a month, site_month",
        "SELECT site_id, visits, visits_year_before, state FROM fathom_bi.site_month WHERE"
            + " first_day = '2026-05-01'");
    questions.put(
        "a site year over year, site_month",
        "SELECT first_day, visits, visits_year_before FROM fathom_bi.site_month WHERE " + SITE);
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
    Report pages = report("pages_daily", List.of(Field.HOSTNAME, Field.PATHNAME));
    Report traffic = report("traffic_daily", List.of());
    try (PostgresSink sink =
            new PostgresSink(
                new PostgresSettings(url, "postgres", new SecretRef.Env("BENCH_PASSWORD")),
                Map.of("BENCH_PASSWORD", "postgres"));
        Connection connection = DriverManager.getConnection(url, "postgres", "postgres");
        Statement statement = connection.createStatement()) {
      sink.migrate(List.of(pages, traffic));
      ReaderBenchmark benchmark = new ReaderBenchmark(statement, rounds);
      if (benchmark.text("SELECT count(*) FROM fathom.site").equals("0")) {
        benchmark.fill(perDay, List.of(pages, traffic));
      }
      // What the ends of the runs of such a backfill leave.
      for (int run = 0; run < 6; run++) {
        long begun = System.nanoTime();
        sink.runEnded(() -> false);
        System.out.printf(
            Locale.ROOT, "sums of months after a run: %.1f s%n", (System.nanoTime() - begun) / 1e9);
      }
      statement.execute("VACUUM ANALYZE fathom_ops.month_sum, fathom_ops.month_group");
      benchmark.run(perDay);
    }
  }

  private static Report report(String name, List<Field> fields) {
    return new Report(
        name,
        Entity.PAGEVIEW,
        null,
        List.of(
            Aggregate.VISITS,
            Aggregate.UNIQUES,
            Aggregate.PAGEVIEWS,
            Aggregate.AVG_DURATION,
            Aggregate.BOUNCE_RATE),
        DateGrouping.DAY,
        fields,
        List.of());
  }

  private void run(int perDay) throws SQLException {
    System.out.printf(
        Locale.ROOT,
        "machine: %d cores, %s, Java %s; %s%n%,d rows, %s%n",
        Runtime.getRuntime().availableProcessors(),
        System.getProperty("os.arch"),
        System.getProperty("java.version"),
        text("SELECT version()"),
        (long) perDay * SITES * DAYS,
        text("SELECT pg_size_pretty(pg_relation_size('" + TABLE + "'))"));
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
      if (Boolean.getBoolean("bench.without")) {
        loadsWith.add(replace(perDay, round));
        statement.execute("DROP INDEX " + index);
        measure(without);
        loadsWithout.add(replace(perDay, round + 1));
        statement.execute(create);
      }
    }
    print(with);
    if (loadsWith.isEmpty()) {
      return;
    }
    System.out.println("without the index on the days:");
    print(without);
    System.out.printf(
        Locale.ROOT,
        "replacing four days of ten sites: %.2f times as long with the index (%.0f ms, %.0f ms"
            + " without)%n",
        median(loadsWith) / median(loadsWithout),
        median(loadsWith),
        median(loadsWithout));
  }

  /** Stores the rows with the ledger entries that a backfill and sixty nights would leave. */
  private void fill(int perDay, List<Report> reports) throws SQLException {
    statement.execute(
        "INSERT INTO fathom.site (site_id, name, time_zone, first_seen_at, last_seen_at) SELECT"
            + " 'SITE' || lpad(s::text, 4, '0'), 'Site ' || s, 'Europe/Berlin', now(), now() FROM"
            + " generate_series(1, "
            + SITES
            + ") s");
    fill(perDay, 0, DAYS - 61, "s, d, p");
    fill(perDay, DAYS - 60, DAYS - 1, "d, s, p");
    statement.execute(
        "INSERT INTO fathom.traffic_daily (site_id, date, visits, uniques, pageviews,"
            + " avg_duration, bounce_rate) SELECT site_id, date, sum(visits), sum(uniques),"
            + " sum(pageviews), 30, 50 FROM "
            + TABLE
            + " GROUP BY 1, 2 ORDER BY 1, 2");
    for (Report report : reports) {
      statement.execute(
          """
          INSERT INTO fathom_ops.ledger
            (report, site_id, event_name, period, period_end, covers_to, status, stored, rows, pageviews_sum,
             pageviews_control, store_if_absent, definition, zone, requests, control_requests, splits, window_id,
             run_id, fetched_at)
          SELECT '%s', site_id, '', date, date, date, 'certified', true, %d, pageviews, pageviews, false, '%s',
                 'Europe/Berlin', 1, 1, 0, 'window', 'run', now()
            FROM fathom.traffic_daily
           ORDER BY site_id, date\
          """
              .formatted(
                  report.name(), report.fields().isEmpty() ? 1 : perDay, report.definition()));
    }
    statement.execute("VACUUM ANALYZE");
  }

  private void fill(int perDay, int first, int last, String order) throws SQLException {
    statement.execute(
        "INSERT INTO "
            + TABLE
            + COLUMNS
            + rows(perDay, "generate_series(1, " + SITES + ")", first, last)
            + " ORDER BY "
            + order);
  }

  private static String rows(int perDay, String sites, int first, int last) {
    return "SELECT 'SITE' || lpad(s::text, 4, '0'), date '2023-11-01' + d, 'www.site' || s ||"
        + " '.example', '/blog/article-' || (p + (d * 13) % (3 * "
        + perDay
        + ")), 1 + (p * d) % 50, 1 + (p * d) % 40, 2 + (p * d) % 90, (p * d) % 300, (p * d) % 101 FROM "
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
              + COLUMNS
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

  private static void print(Map<String, List<Double>> measured) {
    System.out.printf(Locale.ROOT, "%-60s %12s %8s%n", "question", "ms", "of scan");
    double scan = median(measured.getOrDefault(SEQUENTIAL, List.of(0.0)));
    measured.forEach(
        (question, times) ->
            System.out.printf(
                Locale.ROOT, "%-60s %,12.1f %8.3f%n", question, median(times), median(times) / scan));
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
