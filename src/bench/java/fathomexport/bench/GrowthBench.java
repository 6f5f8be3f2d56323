package fathomexport.bench;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.RequestLog;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * How the cost of a backfill, and of the night after it, grows when one thing is doubled three
 * times: sites, days, rows, accounts, processes (side by side, each with a pipeline of its part of
 * the sites), or workers of a Flink cluster that one run is spread over. Writes the tables {@code
 * growth.md} and {@code workers.md} and the plot {@code growth.svg}. It fails if exports of the same
 * sites, days and rows have stored different rows.
 *
 * <p>The simulated API grants any number of requests at once. The hours are those that the requests
 * of the account with the most take at ten a minute.
 *
 * <p>System properties: {@code bench.launcher}, {@code bench.growth} (the directory), {@code
 * bench.doublings} (3), {@code bench.series} (the things to double, divided by commas; all of them
 * by default; the others stay as {@code growth.md} has them). Workers are doubled if the build has
 * Flink's client and Flink's libraries are there.
 */
final class GrowthBench {
  private static final int A_MINUTE = 10;
  private static final int DOUBLINGS = Integer.getInteger("bench.doublings", 3);

  /** The series of clusters. */
  private static final String WORKERS = "workers";

  /** Of the runs on a cluster: an account has one lane. */
  private static final int LANES = 8;

  private static final List<String> REPORTS =
      List.of(
          "traffic_daily, ",
          "pages_daily, field_grouping: [pathname]",
          "browsers_daily, field_grouping: [browser]");

  /**
   * How much there is to export, and with what.
   *
   * @param days of the backfill
   * @param rows of the report on pages, for each site and day
   * @param processes how many run side by side
   * @param workers of a cluster with a slot for each lane; 0 for a run on one machine
   */
  private record Size(int sites, int days, int rows, int accounts, int processes, int workers) {

    static final Map<String, Function<Integer, Size>> GROWN = grown();

    private static Map<String, Function<Integer, Size>> grown() {
      Map<String, Function<Integer, Size>> grown = new LinkedHashMap<>();
      grown.put("sites", n -> new Size(24 * n, 30, 50, 1, 1, 0));
      grown.put("days", n -> new Size(24, 30 * n, 50, 1, 1, 0));
      grown.put("rows", n -> new Size(24, 30, 50 * n, 1, 1, 0));
      grown.put("accounts", n -> new Size(24, 30, 50, n, 1, 0));
      grown.put("processes", n -> new Size(24, 30, 50, 1, n, 0));
      grown.put(WORKERS, n -> new Size(24, 30, 50, LANES, 1, n));
      return grown;
    }

    /** Returns a name for a directory and a database. */
    String name() {
      return IntStream.of(sites, days, rows, accounts, processes, workers)
          .mapToObj(Integer::toString)
          .collect(Collectors.joining("_", "size_", ""));
    }

    Size onOneMachine() {
      return new Size(sites, days, rows, accounts, processes, 0);
    }

    int of(String dimension) {
      return switch (dimension) {
        case "sites" -> sites;
        case "days" -> days;
        case "rows" -> rows;
        case "accounts" -> accounts;
        case "processes" -> processes;
        default -> workers;
      };
    }
  }

  /**
   * What a command took of the workers of a cluster.
   *
   * @param busy seconds of processor time, of all workers
   * @param megabytes the largest resident set of one worker
   */
  private record Workers(double busy, double megabytes) {
    static final Workers NONE = new Workers(0, 0);
  }

  /**
   * What commands side by side took together.
   *
   * @param tooMany answers of 429
   * @param hours that their requests take at the quota
   * @param seconds until the last one ended
   * @param busy seconds of processor time, of all started processes
   * @param megabytes the largest resident set of one of them
   * @param workers of the cluster
   * @param database seconds of processor time of the server
   * @param connections most at once
   */
  private record Cost(
      int requests,
      int tooMany,
      double hours,
      double seconds,
      double busy,
      double megabytes,
      Workers workers,
      double database,
      int connections) {
    Cost on(Workers cluster) {
      return new Cost(
          requests,
          tooMany,
          hours,
          seconds,
          busy,
          megabytes,
          cluster,
          database,
          connections);
    }
  }

  private record Measured(
      Size size, Cost backfill, Cost night, double storedMegabytes, StoredRows rows) {}

  private final Path launcher;
  private final Path directory;
  private final EmbeddedPostgres postgres;
  private final ExecutorService watchers;
  private final Map<Size, Measured> measured = new HashMap<>();

  /** What exports of so many sites, days and rows have stored. */
  private final Map<List<Integer>, StoredRows> stored = new HashMap<>();

  /** The last day that the simulated sites have. */
  private final LocalDate last = LocalDate.now(ZoneOffset.UTC).minusDays(2);

  private GrowthBench(
      Path launcher, Path directory, EmbeddedPostgres postgres, ExecutorService watchers) {
    this.launcher = launcher;
    this.directory = directory;
    this.postgres = postgres;
    this.watchers = watchers;
  }

  public static void main(String[] args) throws Exception {
    Path directory = Path.of(System.getProperty("bench.growth", "target/growth")).toAbsolutePath();
    Path launcher =
        Path.of(System.getProperty("bench.launcher", "fathom-export")).toAbsolutePath();
    Files.createDirectories(directory);
    Path file = directory.resolve("growth.md");
    GrowthTable table = new GrowthTable(file, Size.GROWN.keySet());
    ExecutorService watchers = Executors.newCachedThreadPool();
    try (EmbeddedPostgres postgres =
        EmbeddedPostgres.builder()
            .setServerConfig("listen_addresses", "127.0.0.1")
            .setServerConfig("max_connections", "300")
            .start()) {
      GrowthBench bench = new GrowthBench(launcher, directory, postgres, watchers);
      bench.prepare();
      for (String series : series()) {
        table.put(series, bench.measure(series).stream().map(m -> line(series, m)).toList());
        Files.writeString(file, table.text());
      }
    } finally {
      watchers.shutdownNow();
    }
    Files.writeString(directory.resolve("growth.svg"), table.svg());
    System.out.println(table.text());
  }

  /** Runs a demo, which leaves the archive of classes that the launcher starts commands from. */
  private void prepare() throws IOException, InterruptedException {
    Path demo = directory.resolve("demo");
    BenchBuild.delete(demo);
    MeasuredCommand.start(
            launcher, directory, Map.of(), List.of("demo", "--dir", demo.toString()))
        .await();
  }

  private static List<String> series() throws IOException {
    String chosen = System.getProperty("bench.series", "");
    List<String> series = new ArrayList<>(Size.GROWN.keySet());
    if (!chosen.isEmpty()) {
      series.retainAll(List.of(chosen.split(",")));
    }
    if (series.contains(WORKERS) && !MeasuredCluster.isPossible()) {
      System.out.println("workers are left out: they take mvn -Pflink,cluster,bench");
      series.remove(WORKERS);
    }
    return series;
  }

  /** Measures all sizes of a series. */
  private List<Measured> measure(String series) throws Exception {
    Function<Integer, Size> grown = Objects.requireNonNull(Size.GROWN.get(series));
    List<Measured> row = new ArrayList<>();
    for (int doubling = 0; doubling <= DOUBLINGS; doubling++) {
      row.add(measure(grown.apply(1 << doubling)));
    }
    if (series.equals(WORKERS)) {
      List<Measured> beside = new ArrayList<>(List.of(measure(row.get(0).size.onOneMachine())));
      beside.addAll(row);
      Files.writeString(directory.resolve("workers.md"), workersTable(beside));
      System.out.println(workersTable(beside));
    }
    return row;
  }

  // --- One size

  private Measured measure(Size size) throws Exception {
    Measured before = measured.get(size);
    if (before != null) {
      return before;
    }
    String name = size.name();
    Path home = directory.resolve(name);
    BenchBuild.delete(home);
    List<List<String>> sites = sitesOfAccounts(size);
    SimulatorToken[] tokens =
        IntStream.range(0, size.accounts)
            .mapToObj(
                i -> SimulatorToken.ofAccount("token-" + i, "user" + i, new TreeSet<>(sites.get(i))))
            .toArray(SimulatorToken[]::new);
    try (Connection admin = postgres.getPostgresDatabase().getConnection();
        FathomSimulator api =
            FathomSimulator.start(world(size), Behaviour.unlimited().withTokens(tokens))) {
      try (var statement = admin.createStatement()) {
        statement.execute("CREATE DATABASE " + name);
      }
      configure(home, name, api, size, tokens);
      DatabaseLoad load = new DatabaseLoad(admin, name);
      Cost backfill =
          run(
              home,
              api,
              size,
              load,
              "backfill",
              "--from",
              last.minusDays(size.days).toString(),
              "--to",
              last.minusDays(1).toString());
      Cost night = run(home, api, size, load, "run");
      Measured now =
          new Measured(
              size, backfill, night, load.megabytes() + parquet(home), rows(name, home, size));
      System.out.println(name + ": " + now);
      measured.put(size, now);
      return now;
    }
  }

  /** Returns what is stored, which must be what any other export of the same has stored. */
  private StoredRows rows(String database, Path home, Size size) throws SQLException {
    try (Connection connection = postgres.getDatabase("postgres", database).getConnection()) {
      List<String> reports = REPORTS.stream().map(report -> report.replaceFirst(",.*", "")).toList();
      StoredRows rows = StoredRows.of(connection, home.resolve("warehouse"), reports);
      StoredRows others = stored.putIfAbsent(List.of(size.sites, size.days, size.rows), rows);
      if (others != null && !others.equals(rows)) {
        throw new IllegalStateException(size + " has stored " + rows + ", and others " + others);
      }
      return rows;
    }
  }

  private static String site(int number) {
    return String.format(Locale.ROOT, "SITE%04d", number);
  }

  /** Sites in turn, so that accounts and processes have equally many. */
  private static List<List<String>> dealt(List<String> sites, int parts) {
    List<List<String>> dealt = new ArrayList<>();
    for (int part = 0; part < parts; part++) {
      int first = part;
      dealt.add(
          IntStream.range(0, sites.size())
              .filter(i -> i % parts == first)
              .mapToObj(sites::get)
              .toList());
    }
    return dealt;
  }

  private static List<List<String>> sitesOfAccounts(Size size) {
    return dealt(
        IntStream.range(0, size.sites).mapToObj(GrowthBench::site).toList(), size.accounts);
  }

  private World world(Size size) {
    World world = World.empty();
    for (int i = 0; i < size.sites; i++) {
      String site = site(i);
      world.addSite(site, ZoneOffset.UTC);
      for (LocalDate day = last.minusDays(size.days); !day.isAfter(last); day = day.plusDays(1)) {
        for (int row = 0; row < size.rows; row++) {
          world.add(site, world.viewAt(site, day.atTime(row % 24, i % 60)).path("/page-" + row));
        }
      }
    }
    return world;
  }

  private void configure(
      Path home, String database, FathomSimulator api, Size size, SimulatorToken[] tokens)
      throws IOException {
    Files.createDirectories(home.resolve("conf"));
    Files.createDirectories(home.resolve("pipelines"));
    String accounts =
        IntStream.range(0, tokens.length)
            .mapToObj(i -> "  - {name: user" + i + ", token: {env: BENCH_TOKEN_" + i + "}}\n")
            .collect(Collectors.joining());
    Files.writeString(
        home.resolve("conf/fathom-export.yaml"),
        """
        api:
          base_url: %s
          requests_per_minute: 1000000
        accounts:
        %spostgres:
          url: jdbc:postgresql://127.0.0.1:%d/%s
          user: postgres
        parquet:
          root: warehouse
        """
            .formatted(api.baseUri(), accounts, postgres.getPort(), database));
    List<String> sites = IntStream.range(0, size.sites).mapToObj(GrowthBench::site).toList();
    List<List<String>> parts = dealt(sites, size.processes);
    for (int part = 0; part < size.processes; part++) {
      StringBuilder pipeline = new StringBuilder("sites: ");
      pipeline.append(parts.get(part)).append("\nsinks: [postgres, parquet]\nreports:\n");
      for (String report : REPORTS) {
        pipeline
            .append("  - {name: ")
            .append(report.replaceFirst(", $", ""))
            .append(", entity: pageview, date_grouping: day, aggregates: [visits, pageviews]}\n");
      }
      Files.writeString(home.resolve("pipelines/part" + part + ".yaml"), pipeline.toString());
    }
  }

  /** Runs a command in each process, all of them side by side, or on a cluster of its own. */
  private Cost run(
      Path home,
      FathomSimulator api,
      Size size,
      DatabaseLoad load,
      String command,
      String... options)
      throws Exception {
    api.log().clear();
    Map<String, String> environment =
        IntStream.range(0, size.accounts)
            .boxed()
            .collect(Collectors.toMap(i -> "BENCH_TOKEN_" + i, i -> "token-" + i));
    if (size.workers == 0) {
      return run(home, api, size, load, environment, command, List.of(options));
    }
    try (MeasuredCluster cluster =
        MeasuredCluster.start(
            home.resolve("cluster-" + command), size.workers, size.accounts, environment)) {
      List<String> all = new ArrayList<>(List.of(options));
      all.addAll(cluster.options());
      Cost cost = run(home, api, size, load, environment, command, all);
      return cost.on(new Workers(cluster.busy(), cluster.megabytes()));
    }
  }

  private Cost run(
      Path home,
      FathomSimulator api,
      Size size,
      DatabaseLoad load,
      Map<String, String> environment,
      String command,
      List<String> options)
      throws Exception {
    double busyBefore = load.busy();
    List<Future<MeasuredCommand.Cost>> costs = new ArrayList<>();
    for (int part = 0; part < size.processes; part++) {
      List<String> arguments = new ArrayList<>(List.of(command, "part" + part));
      arguments.addAll(options);
      MeasuredCommand started = MeasuredCommand.start(launcher, home, environment, arguments);
      costs.add(watchers.submit(started::await));
    }
    double seconds = 0;
    double busy = 0;
    double megabytes = 0;
    int connections;
    try (DatabaseLoad.Watch watch = load.watch()) {
      for (Future<MeasuredCommand.Cost> ended : costs) {
        MeasuredCommand.Cost cost = ended.get();
        seconds = Math.max(seconds, cost.seconds());
        busy += cost.busy();
        megabytes = Math.max(megabytes, cost.megabytes());
      }
      connections = watch.mostConnections();
    }
    Map<Integer, Long> ofAccount =
        api.log().aggregations().stream()
            .collect(Collectors.groupingBy(entry -> account(entry, size), Collectors.counting()));
    long most = ofAccount.values().stream().mapToLong(Long::longValue).max().orElse(0);
    return new Cost(
        api.log().aggregations().size(),
        api.log().tooMany().size(),
        most / 60.0 / A_MINUTE,
        seconds,
        busy,
        megabytes,
        Workers.NONE,
        load.busy() - busyBefore,
        connections);
  }

  /** Sites are dealt to the accounts in turn. */
  private static int account(RequestLog.Entry entry, Size size) {
    String site = Objects.requireNonNull(entry.request().parameter("entity_id"));
    return Integer.parseInt(site.replace("SITE", ""))
        % size.accounts;
  }

  private static double parquet(Path home) throws IOException {
    try (Stream<Path> files = Files.walk(home.resolve("warehouse"))) {
      long bytes = 0;
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        bytes += Files.size(file);
      }
      return bytes / 1e6;
    }
  }

  // --- What is written

  /** The numbers of a line of the table. */
  private static List<Double> line(String series, Measured m) {
    return List.of(
        (double) m.size.of(series),
        (double) m.backfill.requests,
        m.backfill.hours,
        m.backfill.busy + m.backfill.workers.busy,
        m.backfill.database,
        Math.max(m.backfill.megabytes, m.backfill.workers.megabytes),
        (double) m.backfill.connections,
        m.storedMegabytes,
        (double) m.night.requests,
        m.night.hours * 60,
        m.night.busy + m.night.workers.busy,
        Math.max(m.night.megabytes, m.night.workers.megabytes));
  }

  /** What the backfills on a cluster took, beside the same one on one machine. */
  private static String workersTable(List<Measured> all) {
    StringBuilder text =
        new StringBuilder(
            """
            | workers | slots of each | requests | 429s | rows | hours at the quota | seconds | processor seconds: started process | workers | PostgreSQL | MB: started process | largest worker | connections |
            |---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
            """);
    for (Measured m : all) {
      Cost cost = m.backfill;
      text.append(
          String.format(
              Locale.ROOT,
              "| %d | %d | %,d | %d | %,d | %.2f | %.0f | %.1f | %.1f | %.1f | %.0f | %.0f | %d |%n",
              m.size.workers,
              m.size.workers == 0 ? 0 : m.size.accounts / m.size.workers,
              cost.requests,
              cost.tooMany,
              m.rows.rows(),
              cost.hours,
              cost.seconds,
              cost.busy,
              cost.workers.busy,
              cost.database,
              cost.megabytes,
              cost.workers.megabytes,
              cost.connections));
    }
    return text.toString();
  }
}
