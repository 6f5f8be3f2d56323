package fathomexport.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Period;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * One build of the exporter that the benchmark measures, with a database and a directory of its
 * own. Each load begins with a fresh copy of the database as the command {@code migrate} left it,
 * so that no load pays for the rows that another one left behind.
 */
final class BenchBuild {
  private final String name;
  private final Path launcher;
  private final Path directory;
  private final Path config;
  private final Connection admin;
  private final int databasePort;

  /**
   * @param name in the output, and of the database
   * @param admin a connection to another database of the server
   */
  BenchBuild(
      String name, Path launcher, Path directory, Connection admin, int databasePort, int apiPort)
      throws IOException {
    this.name = name;
    this.launcher = launcher;
    this.directory = directory;
    this.admin = admin;
    this.databasePort = databasePort;
    this.config = directory.resolve("fathom-export.yaml");
    Files.createDirectories(directory);
    Files.writeString(
        config,
        """
        api:
          base_url: http://127.0.0.1:%d/v1
          token: {env: BENCH_TOKEN}
          requests_per_minute: 1000000
          row_limit: %d
          max_range_days: %s
        postgres:
          url: jdbc:postgresql://127.0.0.1:%d/%s
          user: postgres
        parquet:
          root: %s
        """
            .formatted(
                apiPort,
                BenchRows.RESPONSE,
                System.getProperty("bench.days", "180"),
                databasePort,
                database(),
                warehouse()));
  }

  String name() {
    return name;
  }

  /** Returns the name of the database that is loaded. */
  String database() {
    return "bench_" + name;
  }

  private String prepared() {
    return database() + "_prepared";
  }

  private Path warehouse() {
    return directory.resolve("warehouse");
  }

  /**
   * Prepares the database. A demo comes first: it leaves the class data that the launcher starts
   * later commands from.
   */
  void prepare(String sinks) throws IOException, InterruptedException, SQLException {
    command("demo", "--dir", directory.resolve("demo").toString());
    try (Statement statement = admin.createStatement()) {
      statement.execute("CREATE DATABASE " + database());
      command("--config", config.toString(), "migrate", pipeline(sinks).toString());
      statement.execute("ALTER DATABASE " + database() + " RENAME TO " + prepared());
    }
  }

  /** Empties the database and the files, and leaves the server nothing to write from before. */
  void empty() throws SQLException, IOException {
    try (Statement statement = admin.createStatement()) {
      statement.execute("DROP DATABASE IF EXISTS " + database());
      statement.execute("CREATE DATABASE " + database() + " TEMPLATE " + prepared());
      statement.execute("CHECKPOINT");
    }
    delete(warehouse());
  }

  /** Exports all rows to the sinks, which are named as in a pipeline. */
  MeasuredCommand.Cost export(String sinks) throws IOException, InterruptedException {
    return command(
        "--config",
        config.toString(),
        "backfill",
        pipeline(sinks).toString(),
        "--from",
        BenchRows.FIRST.toString(),
        "--to",
        BenchRows.LAST.toString());
  }

  /** Loads a file in the text format of COPY by psql. */
  MeasuredCommand.Cost copy(Path rows) throws IOException, InterruptedException {
    return MeasuredCommand.start(
            directory,
            List.of(
                "psql",
                "-X",
                "-q",
                "-h",
                "127.0.0.1",
                "-p",
                Integer.toString(databasePort),
                "-U",
                "postgres",
                "-v",
                "ON_ERROR_STOP=1",
                "-c",
                "\\copy fathom.pages_daily (" + BenchRows.COLUMNS + ") from '" + rows + "'",
                database()))
        .await();
  }

  /** Throws an exception if the table does not hold all rows, or the files do not. */
  void requireAll(Connection connection, String sinks) throws SQLException, IOException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT count(*) FROM fathom.pages_daily")) {
      row.next();
      if (row.getLong(1) != BenchRows.TOTAL) {
        throw new IllegalStateException("the table holds " + row.getLong(1) + " rows");
      }
    }
    long months =
        BenchRows.FIRST
            .withDayOfMonth(1)
            .datesUntil(BenchRows.LAST.plusDays(1), Period.ofMonths(1))
            .count();
    if (sinks.contains("parquet") && files() != months) {
      throw new IllegalStateException("there are " + files() + " files for " + months + " months");
    }
  }

  private long files() throws IOException {
    try (Stream<Path> all = Files.walk(warehouse().resolve("pages_daily"))) {
      return all.filter(file -> file.getFileName().toString().equals("data.parquet")).count();
    }
  }

  private Path pipeline(String sinks) throws IOException {
    Path file = directory.resolve(sinks.replaceAll("\\W+", "_") + ".yaml");
    Files.writeString(
        file,
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
            .formatted(BenchRows.SITE, sinks));
    return file;
  }

  private MeasuredCommand.Cost command(String... arguments)
      throws IOException, InterruptedException {
    return MeasuredCommand.start(
            launcher,
            directory,
            Map.of(
                "BENCH_TOKEN",
                "bench",
                MeasuredCommand.JAVA_OPTIONS,
                ("-Xmx256m " + System.getProperty("bench.java", "")).strip()),
            List.of(arguments))
        .await();
  }

  /** Deletes a directory with all that is in it, if it exists. */
  static void delete(Path directory) throws IOException {
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
