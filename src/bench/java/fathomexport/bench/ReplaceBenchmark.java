package fathomexport.bench;

import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SecretRef;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.sink.WindowLoad;
import fathomexport.sink.postgres.PostgresSink;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.testing.LoadBuilder;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a load pays for readers: how long it takes to replace windows of a report of pages, with the
 * index that only readers need and without it, in turns; and how long the end of the run takes,
 * which stores the sums of months. Everything goes through the sink, as in a run. Each round
 * replaces the last four days of thirty sites by other numbers, a window per site, as the look-back of
 * a night does where all numbers have changed. Medians of the rounds, as elapsed time and as the
 * server's processor time, which other work on the machine does not lengthen.
 *
 * <p>System properties: {@code bench.rounds} (5), {@code bench.perDay} (rows per site and day,
 * 550).
 */
final class ReplaceBenchmark {
  private static final int SITES = 30;
  private static final int HISTORY = 60;
  private static final int DAYS = 4;
  private static final LocalDate LAST = LocalDate.of(2026, 10, 30);

  private final PostgresSink sink;
  private final Connection connection;
  private final DatabaseLoad load;
  private final Path spill;
  private final int perDay;
  private final Report pages = ReaderData.reports().get(0);
  private int version;

  private ReplaceBenchmark(
      PostgresSink sink, Connection connection, DatabaseLoad load, Path spill, int perDay) {
    this.sink = sink;
    this.connection = connection;
    this.load = load;
    this.spill = spill;
    this.perDay = perDay;
  }

  /** What was measured of one round, in milliseconds. */
  private record Spent(double elapsed, double busy) {}

  private interface Work {
    void run() throws SQLException;
  }

  public static void main(String[] args) throws Exception {
    Path spill = Files.createTempDirectory("replace");
    try (EmbeddedPostgres postgres =
        EmbeddedPostgres.builder()
            .setServerConfig("listen_addresses", "127.0.0.1")
            .setServerConfig("max_wal_size", "8GB")
            .setServerConfig("shared_buffers", "512MB")
            // Each round is vacuumed by the benchmark, outside of what is measured.
            .setServerConfig("autovacuum", "off")
            .start()) {
      String url = "jdbc:postgresql://127.0.0.1:" + postgres.getPort() + "/postgres";
      try (PostgresSink sink =
              new PostgresSink(
                  new PostgresSettings(url, "postgres", new SecretRef.Env("BENCH_PASSWORD")),
                  Map.of("BENCH_PASSWORD", "postgres"));
          Connection connection = ReaderData.connect(url);
          Connection admin =
              ReaderData.connect("jdbc:postgresql://127.0.0.1:" + postgres.getPort() + "/template1")) {
        sink.migrate(ReaderData.reports());
        new ReplaceBenchmark(
                sink,
                connection,
                new DatabaseLoad(admin, "postgres"),
                spill,
                Integer.getInteger("bench.perDay", 550))
            .run(Integer.getInteger("bench.rounds", 5));
      }
    } finally {
      Files.deleteIfExists(spill);
    }
  }

  private void run(int rounds) throws SQLException, IOException {
    for (int site = 1; site <= SITES; site++) {
      commit(window(site, HISTORY));
    }
    sink.runEnded(() -> false);
    System.out.printf(
        Locale.ROOT,
        "%s rows; a round replaces %d windows of %,d rows%n",
        ReaderData.list(connection, "SELECT count(*) FROM " + ReaderData.TABLE).get(0),
        SITES,
        DAYS * perDay);
    List<Spent> with = new ArrayList<>();
    List<Spent> without = new ArrayList<>();
    List<Spent> ends = new ArrayList<>();
    // The first round warms everything up, and is not counted.
    for (int round = 0; round <= rounds; round++) {
      for (boolean indexed : round % 2 == 0 ? List.of(true, false) : List.of(false, true)) {
        Spent spent = indexed ? replace() : replaceWithoutIndex();
        Spent end = measure(() -> sink.runEnded(() -> false));
        if (round > 0) {
          (indexed ? with : without).add(spent);
          ends.add(end);
        }
      }
    }
    print("windows replaced, without the index on the days", without, without);
    print("windows replaced, with it", with, without);
    print("the end of the run, for all of them together", ends, without);
  }

  private Spent replaceWithoutIndex() throws SQLException, IOException {
    String index = ReaderData.list(connection, ReaderData.DAY_INDEX).get(0);
    String create =
        ReaderData.list(connection, "SELECT pg_get_indexdef('" + index + "'::regclass)").get(0);
    execute("DROP INDEX " + index);
    Spent spent = replace();
    execute(create);
    return spent;
  }

  private Spent replace() throws SQLException, IOException {
    List<WindowLoad> windows = new ArrayList<>();
    for (int site = 1; site <= SITES; site++) {
      windows.add(window(site, DAYS));
    }
    execute("VACUUM (ANALYZE) " + ReaderData.TABLE);
    execute("CHECKPOINT");
    return measure(() -> windows.forEach(this::commit));
  }

  private Spent measure(Work work) throws SQLException, IOException {
    double busy = load.busy();
    long begun = System.nanoTime();
    work.run();
    double elapsed = (System.nanoTime() - begun) / 1e6;
    return new Spent(elapsed, 1000 * (load.busy() - busy));
  }

  private void commit(WindowLoad window) {
    try {
      sink.commit(window);
    } finally {
      window.rows().close();
    }
  }

  /** Returns a window of a site whose numbers differ from those of all windows before. */
  private WindowLoad window(int site, int days) {
    version++;
    LocalDate first = LAST.minusDays(days - 1L);
    LoadBuilder builder =
        new LoadBuilder(
                pages,
                new Slice(new SiteId(String.format(Locale.ROOT, "SITE%04d", site)), null),
                new DayRange(first, LAST),
                spill)
            .definition(pages.definition())
            .run("run-" + version, Instant.parse("2026-10-31T03:00:00Z").plusSeconds(version));
    for (LocalDate day = first; !day.isAfter(LAST); day = day.plusDays(1)) {
      for (int page = 1; page <= perDay; page++) {
        long visits = 1 + (page * 7L + day.getDayOfYear()) % 50;
        builder.row(
            day,
            "www.site" + site + ".example",
            "/blog/article-" + (page + day.getDayOfYear() % 31 * 13),
            visits,
            visits,
            visits + version,
            30.5,
            50.0);
      }
    }
    return builder.build();
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static void print(String what, List<Spent> spent, List<Spent> base) {
    double elapsed = median(spent.stream().map(Spent::elapsed).toList());
    double busy = median(spent.stream().map(Spent::busy).toList());
    System.out.printf(
        Locale.ROOT,
        "%-50s %8.0f ms (%.2f)   %8.0f ms of the server's CPU (%.2f)%n",
        what,
        elapsed,
        elapsed / median(base.stream().map(Spent::elapsed).toList()),
        busy,
        busy / median(base.stream().map(Spent::busy).toList()));
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }
}
