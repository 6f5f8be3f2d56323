package fathomexport.bench;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * A million rows from a local server into PostgreSQL and Parquet, beside {@code psql \copy} of the
 * same rows into the same table: in turns, medians of some. The exporter is started as its users
 * start it, by its launcher, with 256 MB of heap; times are of whole processes. A demo comes first:
 * it leaves the class data that the launcher starts later commands from.
 *
 * <p>System properties: {@code bench.launcher}, {@code bench.dir}, {@code bench.rounds}, {@code
 * bench.days} (the widest window), {@code bench.sinks}, {@code bench.java} (more options of the
 * exporter's JVM).
 */
final class Benchmark {
  private static final String COLUMNS =
      "site_id, date, hostname, pathname, referrer_hostname,"
          + " visits, uniques, pageviews, avg_duration, bounce_rate";

  private final Path directory;
  private final Path launcher;
  private final int port;
  private final Path rows;
  private final Path config;
  private final Path pipeline;

  private Benchmark(Path directory, Path launcher, int databasePort, int serverPort)
      throws IOException {
    this.directory = directory;
    this.launcher = launcher;
    this.port = databasePort;
    this.rows = directory.resolve("rows.tsv");
    this.config = directory.resolve("fathom-export.yaml");
    this.pipeline = directory.resolve("bench.yaml");
    writeRows();
    Files.writeString(
        config,
        """
        api:
          base_url: http://127.0.0.1:%d/v1
          token: {env: BENCH_TOKEN}
          requests_per_minute: 1000000
          max_range_days: %s
        postgres:
          url: jdbc:postgresql://127.0.0.1:%d/postgres
          user: postgres
        parquet:
          root: %s
        """
            .formatted(
                serverPort,
                System.getProperty("bench.days", "180"),
                databasePort,
                directory.resolve("warehouse")));
    Files.writeString(
        pipeline,
        """
        sites: [%s]
        sinks: [%s]
        reports:
          - name: pages_daily
            entity: pageview
            aggregates: [visits, uniques, pageviews, avg_duration, bounce_rate]
            date_grouping: day
            field_grouping: [hostname, pathname, referrer_hostname]
        """
            .formatted(BenchRows.SITE, System.getProperty("bench.sinks", "postgres, parquet")));
  }

  public static void main(String[] args) throws Exception {
    Path directory = Path.of(System.getProperty("bench.dir", "target/bench")).toAbsolutePath();
    Path launcher = Path.of(System.getProperty("bench.launcher", "fathom-export"));
    delete(directory);
    Files.createDirectories(directory);
    Process server =
        new ProcessBuilder(
                java(), "-Xmx1g", "-cp", System.getProperty("java.class.path"), serverClass())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (EmbeddedPostgres postgres =
            EmbeddedPostgres.builder()
                .setServerConfig("listen_addresses", "127.0.0.1")
                .setServerConfig("max_wal_size", "4GB")
                .start();
        BufferedReader said =
            new BufferedReader(
                new InputStreamReader(server.getInputStream(), StandardCharsets.UTF_8))) {
      String port = said.readLine();
      if (port == null) {
        throw new IOException("the server of the pages did not start");
      }
      int serverPort = Integer.parseInt(port);
      new Benchmark(directory, launcher.toAbsolutePath(), postgres.getPort(), serverPort)
          .run(Integer.getInteger("bench.rounds", 5), serverPort);
    } finally {
      server.destroy();
      server.waitFor();
    }
  }

  private static String serverClass() {
    return PageServer.class.getName();
  }

  private void run(int rounds, int serverPort) throws Exception {
    exporter("demo", "--dir", directory.resolve("demo").toString());
    exporter("--config", config.toString(), "migrate", pipeline.toString());
    boolean psql = hasPsql();
    if (!psql) {
      System.out.println("psql is not on the PATH: its side of the comparison is left out");
    }
    List<Double> whole = new ArrayList<>();
    List<Double> working = new ArrayList<>();
    List<Double> copied = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      if (psql) {
        empty();
        double copy = copy();
        requireAll();
        copied.add(copy);
      }
      empty();
      long begun = System.nanoTime();
      exporter(
          "--config",
          config.toString(),
          "backfill",
          pipeline.toString(),
          "--from",
          BenchRows.FIRST.toString(),
          "--to",
          BenchRows.LAST.toString());
      double seconds = seconds(begun);
      double since = (System.currentTimeMillis() - startedAt(serverPort)) / 1000.0;
      requireAll();
      whole.add(seconds);
      working.add(since);
      System.out.printf(
          Locale.ROOT,
          "round %d: psql \\copy %.2f s, export %.2f s, %.2f s of it from its first request on%n",
          round + 1,
          psql ? copied.get(round) : Double.NaN,
          seconds,
          since);
    }
    print("export, whole process", whole);
    print("export, from its first request on", working);
    if (psql) {
      print("psql \\copy", copied);
      System.out.printf(
          Locale.ROOT,
          "ratio to psql \\copy: %.2f (target 0.60), without start-up %.2f%n",
          median(copied) / median(whole),
          median(copied) / median(working));
    }
  }

  private static void print(String what, List<Double> seconds) {
    System.out.printf(
        Locale.ROOT,
        "%-34s %,9.0f rows/s (median of %d: %.2f s)%n",
        what,
        BenchRows.TOTAL / median(seconds),
        seconds.size(),
        median(seconds));
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }

  private void writeRows() throws IOException {
    try (BufferedWriter out = Files.newBufferedWriter(rows)) {
      for (int day = 0; day < BenchRows.DAYS; day++) {
        for (int i = 0; i < BenchRows.rowsOf(day); i++) {
          out.write(BenchRows.row(day, i).text());
          out.write('\n');
        }
      }
    }
  }

  private void exporter(String... arguments) throws IOException, InterruptedException {
    List<String> line = new ArrayList<>(List.of(launcher.toString()));
    line.addAll(List.of(arguments));
    Path log = directory.resolve("export.log");
    ProcessBuilder process =
        new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(log.toFile());
    process.environment().put("BENCH_TOKEN", "bench");
    process.environment().put("JAVA_HOME", System.getProperty("java.home"));
    process
        .environment()
        .put(
            "FATHOM_EXPORT_JAVA_OPTS",
            ("-Xmx256m " + System.getProperty("bench.java", "")).strip());
    int code = process.start().waitFor();
    if (code != 0) {
      throw new IOException(line + " ended with " + code + ": " + Files.readString(log));
    }
  }

  private double copy() throws IOException, InterruptedException {
    long begun = System.nanoTime();
    int code =
        new ProcessBuilder(
                "psql",
                "-X",
                "-q",
                "-h",
                "127.0.0.1",
                "-p",
                Integer.toString(port),
                "-U",
                "postgres",
                "-v",
                "ON_ERROR_STOP=1",
                "-c",
                "\\copy fathom.pages_daily (" + COLUMNS + ") from '" + rows + "'",
                "postgres")
            .inheritIO()
            .start()
            .waitFor();
    if (code != 0) {
      throw new IOException("psql ended with " + code);
    }
    return seconds(begun);
  }

  private static boolean hasPsql() throws InterruptedException {
    try {
      return new ProcessBuilder("psql", "--version").start().waitFor() == 0;
    } catch (IOException e) {
      // Not there: which is an answer.
      return false;
    }
  }

  /** Both sides begin with nothing, and with nothing left to write from before. */
  private void empty() throws SQLException, IOException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute("TRUNCATE fathom.pages_daily, fathom_ops.ledger, fathom_ops.attempt, fathom_ops.permit");
      statement.execute("CHECKPOINT");
    }
    delete(directory.resolve("warehouse"));
  }

  private void requireAll() throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT count(*) FROM fathom.pages_daily")) {
      row.next();
      if (row.getLong(1) != BenchRows.TOTAL) {
        throw new IllegalStateException("the table holds " + row.getLong(1) + " rows");
      }
    }
  }

  private Connection connect() throws SQLException {
    return DriverManager.getConnection(
        "jdbc:postgresql://127.0.0.1:" + port + "/postgres", "postgres", "");
  }

  private static long startedAt(int serverPort) throws IOException {
    try (InputStream in =
        URI.create("http://127.0.0.1:" + serverPort + "/started").toURL().openStream()) {
      return Long.parseLong(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  private static double seconds(long begun) {
    return (System.nanoTime() - begun) / 1e9;
  }

  private static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  private static void delete(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> files = Files.walk(directory)) {
      files
          .sorted(Comparator.reverseOrder())
          .forEach(
              file -> {
                try {
                  Files.delete(file);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
    }
  }
}
