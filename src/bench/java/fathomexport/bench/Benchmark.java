package fathomexport.bench;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
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
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A million rows from a local server into PostgreSQL and Parquet, and into PostgreSQL only, beside
 * {@code psql \copy} of the same rows into the same table: in turns, medians of some. The exporter
 * is started as its users start it, by its launcher, with 256 MB of heap; times are of whole
 * processes. Processor time is that of the exporter's process, and of all processes of the
 * database's server.
 *
 * <p>If there is another checkout, such as one of an earlier commit, its build takes its turns in
 * the same rounds: every other round begins with it. Only so do the figures of two builds compare.
 *
 * <p>System properties: {@code bench.launcher}, {@code bench.other} (the directory of another
 * checkout, whose launcher has built it), {@code bench.dir}, {@code bench.rounds}, {@code
 * bench.response} (the row limit), {@code bench.days} (the widest window), {@code bench.sinks}
 * (divided by semicolons: each part as in a pipeline), {@code bench.java} (more options of the
 * exporter's JVM).
 */
final class Benchmark {
  private static final Pattern PROCESSOR = Pattern.compile("model name\\s*: (.*)");

  private final Path rows;
  private final Connection admin;
  private final int databasePort;
  private final int apiPort;
  private final DatabaseLoad server;
  private final List<BenchBuild> builds = new ArrayList<>();
  private final List<String> sinks;
  private final Map<String, List<Load>> loads = new LinkedHashMap<>();

  /**
   * What one load took.
   *
   * @param whole seconds of the whole process
   * @param working seconds from the first request on; of the whole process without requests
   * @param busy seconds of the process on the processor
   * @param database seconds of the database's server on the processor
   */
  private record Load(double whole, double working, double busy, double database, int requests) {}

  private static final String COPY = "psql \\copy";

  private Benchmark(Path directory, Connection admin, int databasePort, int apiPort)
      throws IOException, SQLException {
    this.admin = admin;
    this.databasePort = databasePort;
    this.apiPort = apiPort;
    this.server = new DatabaseLoad(admin, "postgres");
    this.rows = directory.resolve("rows.tsv");
    this.sinks =
        List.of(System.getProperty("bench.sinks", "postgres, parquet; postgres").split(";\\s*", -1));
    writeRows();
    Path own = Path.of(System.getProperty("bench.launcher", "fathom-export")).toAbsolutePath();
    add("this", own, directory);
    String other = System.getProperty("bench.other", "");
    if (!other.isEmpty()) {
      add("other", Path.of(other, "fathom-export").toAbsolutePath(), directory);
    }
  }

  private void add(String name, Path launcher, Path directory) throws IOException {
    builds.add(
        new BenchBuild(
            name, launcher, directory.resolve(name), admin, databasePort, apiPort));
  }

  public static void main(String[] args) throws Exception {
    Path directory = Path.of(System.getProperty("bench.dir", "target/bench")).toAbsolutePath();
    BenchBuild.delete(directory);
    Files.createDirectories(directory);
    Process pages =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx1g",
                "-Dbench.response=" + BenchRows.RESPONSE,
                "-cp",
                System.getProperty("java.class.path"),
                PageServer.class.getName())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (EmbeddedPostgres postgres =
            EmbeddedPostgres.builder()
                .setServerConfig("listen_addresses", "127.0.0.1")
                .setServerConfig("max_wal_size", "4GB")
                .start();
        Connection admin = connect(postgres.getPort(), "postgres");
        BufferedReader said =
            new BufferedReader(
                new InputStreamReader(pages.getInputStream(), StandardCharsets.UTF_8))) {
      String port = said.readLine();
      if (port == null) {
        throw new IOException("the server of the pages did not start");
      }
      new Benchmark(directory, admin, postgres.getPort(), Integer.parseInt(port))
          .run(Integer.getInteger("bench.rounds", 5));
    } finally {
      pages.destroy();
      pages.waitFor();
    }
  }

  private void run(int rounds) throws Exception {
    printMachine();
    for (BenchBuild build : builds) {
      build.prepare(sinks.get(0));
    }
    boolean psql = hasPsql();
    if (!psql) {
      System.out.println("psql is not on the PATH: its side of the comparison is left out");
    }
    List<BenchBuild> turn = new ArrayList<>(builds);
    for (int round = 1; round <= rounds; round++) {
      System.out.printf(Locale.ROOT, "round %d, load average %s%n", round, loadAverage());
      if (psql) {
        copy();
      }
      for (String target : sinks) {
        for (BenchBuild build : turn) {
          export(build, target);
        }
      }
      Collections.reverse(turn);
    }
    printMedians(rounds);
  }

  private void copy() throws Exception {
    BenchBuild into = builds.get(0);
    into.empty();
    double before = server.busy();
    MeasuredCommand.Cost cost = into.copy(rows);
    took(COPY, new Load(cost.seconds(), cost.seconds(), cost.busy(), server.busy() - before, 0));
    requireAll(into, "");
  }

  private void export(BenchBuild build, String target) throws Exception {
    build.empty();
    double before = server.busy();
    MeasuredCommand.Cost cost = build.export(target);
    long ended = System.currentTimeMillis();
    double database = server.busy() - before;
    String[] requests = requests();
    took(
        build.name() + ": " + target,
        new Load(
            cost.seconds(),
            (ended - Long.parseLong(requests[0])) / 1000.0,
            cost.busy(),
            database,
            Integer.parseInt(requests[1])));
    requireAll(build, target);
  }

  private void requireAll(BenchBuild build, String target) throws SQLException, IOException {
    try (Connection connection = connect(databasePort, build.database())) {
      build.requireAll(connection, target);
    }
  }

  private void took(String what, Load load) {
    loads.computeIfAbsent(what, w -> new ArrayList<>()).add(load);
    System.out.printf(
        Locale.ROOT,
        "  %-26s %6.2f s, %6.2f s from the first of %d requests on; CPU %6.2f s, database %6.2f s%n",
        what,
        load.whole(),
        load.working(),
        load.requests(),
        load.busy(),
        load.database());
  }

  private void printMachine() throws IOException, SQLException {
    Matcher processor = PROCESSOR.matcher(Files.readString(Path.of("/proc/cpuinfo")));
    System.out.printf(
        Locale.ROOT,
        "%d cores (%s), Linux %s, Java %s, PostgreSQL %s; responses of up to %,d rows%n",
        Runtime.getRuntime().availableProcessors(),
        processor.find() ? processor.group(1) : System.getProperty("os.arch"),
        System.getProperty("os.version"),
        System.getProperty("java.version"),
        serverVersion(),
        BenchRows.RESPONSE);
  }

  private String serverVersion() throws SQLException {
    try (Statement statement = admin.createStatement();
        ResultSet row = statement.executeQuery("SHOW server_version")) {
      row.next();
      return row.getString(1);
    }
  }

  private static String loadAverage() throws IOException {
    return Files.readString(Path.of("/proc/loadavg")).split(" ", -1)[0];
  }

  /** Prints the medians. Of times on the processor, those of a million rows. */
  private void printMedians(int rounds) {
    System.out.printf(
        Locale.ROOT,
        "%nmedians of %d        %17s %7s %17s %7s %15s %5s %9s%n",
        rounds,
        "s, whole process",
        "of copy",
        "s, from request 1",
        "of copy",
        "CPU s/M rows:",
        "it",
        "database");
    List<Load> copied = loads.getOrDefault(COPY, List.of());
    loads.forEach(
        (what, of) ->
            System.out.printf(
                Locale.ROOT,
                "%-26s %12.2f %7s %17.2f %7s %15.2f %5.2f %9.2f%n",
                what,
                median(of, Load::whole),
                ratio(copied, of, Load::whole),
                median(of, Load::working),
                ratio(copied, of, Load::working),
                median(of, l -> perMillion(l.busy() + l.database())),
                median(of, l -> perMillion(l.busy())),
                median(of, l -> perMillion(l.database()))));
  }

  private static String ratio(List<Load> copied, List<Load> of, ToDoubleFunction<Load> seconds) {
    return copied.isEmpty()
        ? "-"
        : String.format(
            Locale.ROOT, "%.2f", median(copied, Load::whole) / median(of, seconds));
  }

  private static double perMillion(double seconds) {
    return seconds * 1e6 / BenchRows.TOTAL;
  }

  private static double median(List<Load> loads, ToDoubleFunction<Load> value) {
    List<Double> values = loads.stream().map(value::applyAsDouble).sorted().toList();
    return values.get(values.size() / 2);
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

  private static boolean hasPsql() throws InterruptedException {
    try {
      return new ProcessBuilder("psql", "--version").start().waitFor() == 0;
    } catch (IOException e) {
      // Not there: which is an answer.
      return false;
    }
  }

  private static Connection connect(int port, String database) throws SQLException {
    return DriverManager.getConnection(
        "jdbc:postgresql://127.0.0.1:" + port + "/" + database, "postgres", "");
  }

  /** Returns when the first request for rows came, and how many came. */
  private String[] requests() throws IOException {
    try (InputStream in =
        URI.create("http://127.0.0.1:" + apiPort + "/started").toURL().openStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).split(" ", -1);
    }
  }
}
