package fathomexport.bench;

import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.Entity;
import fathomexport.report.Field;
import fathomexport.report.Report;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The rows of the benchmark of readers: three years of pages of fifty sites, made within the
 * server. The first part of the rows lies in the table as a backfill leaves it (site by site), the
 * last sixty days as nightly runs do (day by day). Indexes are made after the rows, since that is
 * several times as fast as to insert into them.
 */
final class ReaderData {
  static final int SITES = 50;
  static final int DAYS = 1095;
  static final String TABLE = "fathom.pages_daily";

  /** The moment at which the last run has just ended. */
  static final String AS_OF = "2026-10-31 09:00+00";

  /** A query for the name of the table's index on the days. */
  static final String DAY_INDEX =
      "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
          + " JOIN pg_am m ON m.oid = c.relam WHERE m.amname = 'brin' AND i.indrelid = '"
          + TABLE
          + "'::regclass";

  private static final int NIGHTS = 60;
  private static final List<Aggregate> AGGREGATES =
      List.of(
          Aggregate.VISITS,
          Aggregate.UNIQUES,
          Aggregate.PAGEVIEWS,
          Aggregate.AVG_DURATION,
          Aggregate.BOUNCE_RATE);

  private final String url;
  private final int rowsPerDay;

  /**
   * @param url of a database with the tables of {@link #reports} and without rows
   * @param rowsPerDay rows per site and day
   */
  ReaderData(String url, int rowsPerDay) {
    this.url = url;
    this.rowsPerDay = rowsPerDay;
  }

  static List<Report> reports() {
    return List.of(
        report("pages_daily", List.of(Field.HOSTNAME, Field.PATHNAME)),
        report("traffic_daily", List.of()));
  }

  private static Report report(String name, List<Field> fields) {
    return new Report(
        name, Entity.PAGEVIEW, null, AGGREGATES, DateGrouping.DAY, fields, List.of());
  }

  static Connection connect(String url) throws SQLException {
    return DriverManager.getConnection(url, "postgres", "postgres");
  }

  /** Returns whether the database has the rows already, from an earlier benchmark. */
  static boolean isFilled(Connection connection) throws SQLException {
    return !list(connection, "SELECT site_id FROM fathom.site LIMIT 1").isEmpty();
  }

  /** Stores the rows with the ledger entries that a backfill and sixty nights would leave. */
  void fill() throws SQLException, InterruptedException {
    try (Connection connection = connect(url);
        Statement statement = connection.createStatement()) {
      long begun = System.nanoTime();
      List<String> indexes =
          list(
              connection,
              "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = '"
                  + TABLE
                  + "'::regclass");
      for (String index :
          list(
              connection,
              "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = '"
                  + TABLE
                  + "'::regclass")) {
        statement.execute("DROP INDEX " + index);
      }
      statement.execute("ALTER TABLE " + TABLE + " SET (autovacuum_enabled = false)");
      sideBySide(
          IntStream.rangeClosed(1, SITES).mapToObj(site -> rows(site, 0, DAYS - NIGHTS - 1)).toList());
      sideBySide(
          IntStream.range(DAYS - NIGHTS, DAYS).mapToObj(this::rowsOfNight).toList());
      begun = done("rows", begun);
      statement.execute("SET maintenance_work_mem = '1GB'");
      for (String index : indexes) {
        statement.execute(index);
      }
      begun = done("indexes", begun);
      ledger(statement);
      statement.execute("VACUUM (ANALYZE) " + TABLE);
      statement.execute("ALTER TABLE " + TABLE + " RESET (autovacuum_enabled)");
      statement.execute("VACUUM (ANALYZE) fathom.traffic_daily, fathom_ops.ledger, fathom.site");
      statement.execute("CHECKPOINT");
      done("ledger, statistics and a checkpoint", begun);
    }
  }

  private static long done(String what, long begun) {
    long now = System.nanoTime();
    System.out.printf(Locale.ROOT, "%s: %.1f s%n", what, (now - begun) / 1e9);
    return now;
  }

  private void ledger(Statement statement) throws SQLException {
    statement.execute(
        "INSERT INTO fathom.site (site_id, name, time_zone, first_seen_at, last_seen_at) SELECT"
            + " 'SITE' || lpad(s::text, 4, '0'), 'Site ' || s, 'Europe/Berlin', now(), now() FROM"
            + " generate_series(1, "
            + SITES
            + ") s");
    statement.execute(
        "INSERT INTO fathom.traffic_daily (site_id, date, visits, uniques, pageviews,"
            + " avg_duration, bounce_rate) SELECT site_id, date, sum(visits), sum(uniques),"
            + " sum(pageviews), 30, 50 FROM "
            + TABLE
            + " GROUP BY 1, 2 ORDER BY 1, 2");
    for (Report report : reports()) {
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
                  report.name(), report.fields().isEmpty() ? 1 : rowsPerDay, report.definition()));
    }
  }

  private String rowsOfNight(int day) {
    return IntStream.rangeClosed(1, SITES)
        .mapToObj(site -> rows(site, day, day))
        .collect(Collectors.joining(";"));
  }

  /** Returns the statement that inserts the rows of a site's days, in their order. */
  private String rows(int site, int first, int last) {
    String id = String.format(Locale.ROOT, "SITE%04d", site);
    return """
        INSERT INTO %s (site_id, date, hostname, pathname, visits, uniques, pageviews, avg_duration, bounce_rate)
        SELECT '%s', date '2023-11-01' + d, 'www.site%d.example', '/blog/article-' || (p + (d * 13) %% %d),
               1 + (p * d) %% 50, 1 + (p * d) %% 40, 2 + (p * d) %% 90, (p * d) %% 300, (p * d) %% 101
          FROM generate_series(%d, %d) d
         CROSS JOIN LATERAL generate_series(1 + 0 * d, %d) p\
        """
        .formatted(TABLE, id, site, 3 * rowsPerDay, first, last, rowsPerDay);
  }

  /** Runs statements on two connections, each taking the next one that is left. */
  private void sideBySide(List<String> statements) throws SQLException, InterruptedException {
    ConcurrentLinkedQueue<String> left = new ConcurrentLinkedQueue<>(statements);
    List<Future<Void>> workers = new ArrayList<>();
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      for (int worker = 0; worker < 2; worker++) {
        workers.add(
            threads.submit(
                () -> {
                  try (Connection connection = connect(url);
                      Statement statement = connection.createStatement()) {
                    statement.execute("SET jit = off");
                    for (String next = left.poll(); next != null; next = left.poll()) {
                      statement.execute(next);
                    }
                  }
                  return null;
                }));
      }
      for (Future<Void> worker : workers) {
        worker.get();
      }
    } catch (ExecutionException e) {
      throw new SQLException(e.getCause());
    } finally {
      threads.shutdownNow();
    }
  }

  static List<String> list(Connection connection, String sql) throws SQLException {
    List<String> found = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      while (rows.next()) {
        found.add(rows.getString(1));
      }
    }
    return found;
  }
}
