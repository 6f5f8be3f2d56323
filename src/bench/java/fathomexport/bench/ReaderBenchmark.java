package fathomexport.bench;

import fathomexport.report.SecretRef;
import fathomexport.sink.postgres.PostgresSink;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.sink.postgres.views.MonthSums;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
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
 * round, as medians of the rounds: with the settings that docs/warehouse.md names, and with those
 * of the server. The time of the server's processes is printed as well, which other work on the
 * machine does not lengthen; they must run on this machine. Of each question that takes longer than {@link #LONGEST}, the plan is written to a
 * file.
 *
 * <p>System properties: {@code bench.rows} (3,000,000), {@code bench.rounds} (5), {@code
 * bench.settings} (other settings than those of the page), {@code bench.without} (also measures
 * without the index on the days), {@code bench.url} (a database to use instead of the
 * embedded server, which cannot compile queries: an empty one, or one that an earlier run has
 * filled), {@code bench.plans} (the file of plans).
 */
final class ReaderBenchmark {
  /** How long a reader may wait for an answer, in milliseconds. */
  private static final double LONGEST = 200;

  private static final String MONTH = "date >= '2026-05-01' AND date < '2026-06-01'";
  private static final String SITE = "site_id = 'SITE0007'";
  private static final String SETTINGS =
      System.getProperty(
          "bench.settings",
          "SET random_page_cost = 1.1; SET jit = off; SET work_mem = '64MB'");

  /** The day after the last one of the rows. */
  private static final String AS_OF = "SET fathom.as_of = '" + ReaderData.AS_OF + "'";

  private static final String SEQUENTIAL = "sequential scan";

  private static final Path PLANS =
      Path.of(System.getProperty("bench.plans", "target/reader-plans.txt"));

  /** The questions of people, by their names. */
  private static final Map<String, String> QUESTIONS = questions();

  private final Statement statement;
  private final DatabaseLoad load;
  private final int rounds;

  private ReaderBenchmark(Statement statement, DatabaseLoad load, int rounds) {
    this.statement = statement;
    this.load = load;
    this.rounds = rounds;
  }

  /** What an answer took, in milliseconds: of waiting, and of the server's processes. */
  private record Spent(double elapsed, double busy) {}

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
        "one page over three years by month, pages_daily_month",
        "SELECT month, pageviews FROM fathom_bi.pages_daily_month WHERE "
            + SITE
            + " AND pathname = '/blog/article-17'");
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
    int perDay =
        Math.max(
            1, Integer.getInteger("bench.rows", 3_000_000) / (ReaderData.SITES * ReaderData.DAYS));
    String url = System.getProperty("bench.url", "");
    if (!url.isEmpty()) {
      run(url, rounds, perDay);
      return;
    }
    try (EmbeddedPostgres postgres =
        EmbeddedPostgres.builder()
            .setServerConfig("listen_addresses", "127.0.0.1")
            .setServerConfig("max_wal_size", "16GB")
            .setServerConfig("shared_buffers", "1GB")
            .setServerConfig("fsync", "off")
            .start()) {
      run("jdbc:postgresql://127.0.0.1:" + postgres.getPort() + "/postgres", rounds, perDay);
    }
  }

  private static void run(String url, int rounds, int perDay) throws Exception {
    try (PostgresSink sink =
            new PostgresSink(
                new PostgresSettings(url, "postgres", new SecretRef.Env("BENCH_PASSWORD")),
                Map.of("BENCH_PASSWORD", "postgres"));
        Connection connection = ReaderData.connect(url);
        Statement statement = connection.createStatement()) {
      sink.migrate(ReaderData.reports());
      if (!ReaderData.isFilled(connection)) {
        new ReaderData(url, perDay).fill();
        // What the ends of the runs of such a backfill leave: each makes the sums of 300 months.
        long begun = System.nanoTime();
        try (Connection sums = ReaderData.connect(url)) {
          for (int runs = 0; runs < 7; runs++) {
            new MonthSums(sums, MonthSums.LEAST_ROWS).update(() -> false);
          }
        }
        statement.execute("VACUUM (ANALYZE) fathom_ops.month_sum, fathom_ops.month_group");
        System.out.printf(
            Locale.ROOT,
            "%s sums of months: %.1f s%n",
            ReaderData.list(connection, "SELECT count(*) FROM fathom_ops.month_sum").get(0),
            (System.nanoTime() - begun) / 1e9);
      }
      Files.deleteIfExists(PLANS);
      try (Connection admin = ReaderData.connect(url)) {
        String database = ReaderData.list(connection, "SELECT current_database()").get(0);
        new ReaderBenchmark(statement, new DatabaseLoad(admin, database), rounds).run();
      }
    }
  }

  private void run() throws SQLException, IOException {
    System.out.printf(
        Locale.ROOT,
        "machine: %d cores, %s, Java %s; %s%n%s rows, %s%n",
        Runtime.getRuntime().availableProcessors(),
        System.getProperty("os.arch"),
        System.getProperty("java.version"),
        text("SELECT version()"),
        text("SELECT to_char(count(*), 'FM999,999,999,999') FROM " + ReaderData.TABLE),
        text("SELECT pg_size_pretty(pg_relation_size('" + ReaderData.TABLE + "'))"));
    Map<String, List<Spent>> recommended = new LinkedHashMap<>();
    Map<String, List<Spent>> defaults = new LinkedHashMap<>();
    Map<String, List<Spent>> without = new LinkedHashMap<>();
    for (int round = 0; round < rounds; round++) {
      statement.execute(AS_OF);
      measure(defaults);
      statement.execute(SETTINGS);
      measure(recommended);
      if (Boolean.getBoolean("bench.without")) {
        String index = text(ReaderData.DAY_INDEX);
        String create = text("SELECT pg_get_indexdef('" + index + "'::regclass)");
        statement.execute("DROP INDEX " + index);
        measure(without);
        statement.execute(create);
      }
      if (round < rounds - 1) {
        statement.execute("RESET ALL");
      }
    }
    System.out.println("\nwith " + SETTINGS);
    print(recommended);
    writePlans(recommended, "with " + SETTINGS);
    System.out.println("\nwith the server's settings");
    print(defaults);
    statement.execute("RESET ALL");
    statement.execute(AS_OF);
    writePlans(defaults, "with the server's settings");
    if (!without.isEmpty()) {
      System.out.println("\nwithout the index on the days, with " + SETTINGS);
      print(without);
    }
  }

  private void measure(Map<String, List<Spent>> times) throws SQLException, IOException {
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
        .add(time("SELECT count(*), sum(pageviews) FROM " + ReaderData.TABLE));
    statement.execute("RESET enable_indexscan; RESET enable_bitmapscan");
    statement.execute("RESET enable_indexonlyscan");
  }

  private Spent time(String sql) throws SQLException, IOException {
    double busy = load.busy();
    long begun = System.nanoTime();
    try (ResultSet rows = statement.executeQuery(sql)) {
      while (rows.next()) {
        rows.getString(1);
      }
    }
    double elapsed = (System.nanoTime() - begun) / 1e6;
    return new Spent(elapsed, 1000 * (load.busy() - busy));
  }

  private static void print(Map<String, List<Spent>> measured) {
    System.out.printf(Locale.ROOT, "%-60s %12s %8s %12s%n", "question", "ms", "of scan", "CPU ms");
    measured.forEach(
        (question, times) ->
            System.out.printf(
                Locale.ROOT,
                "%-60s %,12.1f %8.3f %,12.0f%s%n",
                question,
                elapsed(times),
                ofScan(times, measured),
                median(times.stream().map(Spent::busy).toList()),
                isTooLong(question, times) ? "  more than " + LONGEST + " ms" : ""));
    System.out.println(
        measured.entrySet().stream().filter(e -> isTooLong(e.getKey(), e.getValue())).count()
            + " of "
            + QUESTIONS.size()
            + " questions take more than "
            + LONGEST
            + " ms");
  }

  /** Returns the median of the ratios to the sequential scans of the same rounds. */
  private static double ofScan(List<Spent> times, Map<String, List<Spent>> measured) {
    List<Spent> scans = measured.getOrDefault(SEQUENTIAL, List.of());
    List<Double> ratios = new ArrayList<>();
    for (int round = 0; round < times.size(); round++) {
      ratios.add(times.get(round).elapsed() / scans.get(round).elapsed());
    }
    return median(ratios);
  }

  private static double elapsed(List<Spent> times) {
    return median(times.stream().map(Spent::elapsed).toList());
  }

  private static boolean isTooLong(String question, List<Spent> times) {
    return !question.equals(SEQUENTIAL) && elapsed(times) > LONGEST;
  }

  /** Writes how the server answers the questions that take too long. */
  private void writePlans(Map<String, List<Spent>> measured, String how)
      throws SQLException, IOException {
    StringBuilder plans = new StringBuilder();
    for (Map.Entry<String, List<Spent>> e : measured.entrySet()) {
      String sql = QUESTIONS.get(e.getKey());
      if (sql != null && isTooLong(e.getKey(), e.getValue())) {
        plans.append(e.getKey()).append(", ").append(how).append("\n").append(sql).append("\n\n");
        ReaderData.list(statement.getConnection(), "EXPLAIN (ANALYZE, BUFFERS, SETTINGS) " + sql)
            .forEach(line -> plans.append(line).append("\n"));
        plans.append("\n");
      }
    }
    if (plans.length() > 0) {
      Files.writeString(PLANS, plans, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      System.out.println("their plans: " + PLANS);
    }
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
