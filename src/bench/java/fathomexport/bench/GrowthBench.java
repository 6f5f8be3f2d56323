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
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
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
 * times: sites, days, rows, accounts, or processes (side by side, each with a pipeline of
 * its part of the sites). Writes the table {@code growth.md} and the plot {@code growth.svg}.
 *
 * <p>The simulated API grants any number of requests at once. The hours are those that the requests
 * of the account with the most take at ten a minute.
 *
 * <p>System properties: {@code bench.launcher}, {@code bench.growth} (the directory), {@code
 * bench.doublings} (3).
 */
final class GrowthBench {
  private static final int A_MINUTE = 10;
  private static final int DOUBLINGS = Integer.getInteger("bench.doublings", 3);
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
   */
  private record Size(int sites, int days, int rows, int accounts, int processes) {
    static final Size BASE = new Size(24, 30, 50, 1, 1);

    static final Map<String, Function<Integer, Size>> GROWN = grown();

    private static Map<String, Function<Integer, Size>> grown() {
      Map<String, Function<Integer, Size>> grown = new LinkedHashMap<>();
      grown.put("sites", n -> new Size(24 * n, 30, 50, 1, 1));
      grown.put("days", n -> new Size(24, 30 * n, 50, 1, 1));
      grown.put("rows", n -> new Size(24, 30, 50 * n, 1, 1));
      grown.put("accounts", n -> new Size(24, 30, 50, n, 1));
      grown.put("processes", n -> new Size(24, 30, 50, 1, n));
      return grown;
    }

    int of(String dimension) {
      return switch (dimension) {
        case "sites" -> sites;
        case "days" -> days;
        case "rows" -> rows;
        case "accounts" -> accounts;
        default -> processes;
      };
    }
  }

  /**
   * What commands side by side took together.
   *
   * @param hours that their requests take at the quota
   * @param busy seconds of processor time, of all processes
   * @param megabytes the largest resident set of one process
   * @param database seconds of processor time of the server
   * @param connections most at once
   */
  private record Cost(
      int requests,
      double hours,
      double busy,
      double megabytes,
      double database,
      int connections) {}

  private record Measured(Size size, Cost backfill, Cost night, double storedMegabytes) {}

  private final Path launcher;
  private final Path directory;
  private final EmbeddedPostgres postgres;
  private final ExecutorService watchers;

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
    Map<String, List<Measured>> all = new LinkedHashMap<>();
    ExecutorService watchers = Executors.newCachedThreadPool();
    try (EmbeddedPostgres postgres =
        EmbeddedPostgres.builder()
            .setServerConfig("listen_addresses", "127.0.0.1")
            .setServerConfig("max_connections", "300")
            .start()) {
      GrowthBench bench = new GrowthBench(launcher, directory, postgres, watchers);
      // The first commands also write the launcher's archive of classes.
      bench.measure("start", new Size(2, 3, 2, 1, 1));
      Measured base = bench.measure("base", Size.BASE);
      for (String dimension : Size.GROWN.keySet()) {
        List<Measured> row = new ArrayList<>(List.of(base));
        for (int doubling = 1; doubling <= DOUBLINGS; doubling++) {
          int factor = 1 << doubling;
          Size size = Size.GROWN.get(dimension).apply(factor);
          row.add(bench.measure(dimension + factor, size));
        }
        all.put(dimension, row);
      }
    } finally {
      watchers.shutdownNow();
    }
    Files.writeString(directory.resolve("growth.md"), table(all));
    Files.writeString(directory.resolve("growth.svg"), plot(all));
    System.out.println(table(all));
  }

  // --- One size

  private Measured measure(String name, Size size) throws Exception {
    Path home = directory.resolve(name);
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
      Measured measured = new Measured(size, backfill, night, load.megabytes() + parquet(home));
      System.out.println(name + ": " + measured);
      return measured;
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

  /** Runs a command in each process, all of them side by side. */
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
    double busyBefore = load.busy();
    List<Future<MeasuredCommand.Cost>> costs = new ArrayList<>();
    for (int part = 0; part < size.processes; part++) {
      List<String> arguments = new ArrayList<>(List.of(command, "part" + part));
      arguments.addAll(List.of(options));
      MeasuredCommand started = MeasuredCommand.start(launcher, home, environment, arguments);
      costs.add(watchers.submit(started::await));
    }
    double busy = 0;
    double megabytes = 0;
    int connections;
    try (DatabaseLoad.Watch watch = load.watch()) {
      for (Future<MeasuredCommand.Cost> ended : costs) {
        MeasuredCommand.Cost cost = ended.get();
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
        most / 60.0 / A_MINUTE,
        busy,
        megabytes,
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

  private static String table(Map<String, List<Measured>> all) {
    StringBuilder text =
        new StringBuilder(
            """
            | doubled | | backfill: requests | hours at the quota | processor seconds | of PostgreSQL | MB of memory | connections | MB stored | night: requests | minutes | processor seconds | MB |
            |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
            """);
    all.forEach(
        (dimension, row) -> {
          for (Measured m : row) {
            text.append(
                String.format(
                    Locale.ROOT,
                    "| %s | %,d | %,d | %.2f | %.1f | %.1f | %.0f | %d | %.1f | %,d | %.1f | %.1f | %.0f |%n",
                    dimension,
                    m.size.of(dimension),
                    m.backfill.requests,
                    m.backfill.hours,
                    m.backfill.busy,
                    m.backfill.database,
                    m.backfill.megabytes,
                    m.backfill.connections,
                    m.storedMegabytes,
                    m.night.requests,
                    m.night.hours * 60,
                    m.night.busy,
                    m.night.megabytes));
          }
        });
    return text.toString();
  }

  private static String plot(Map<String, List<Measured>> all) {
    Map<String, Function<Measured, Double>> lines = new LinkedHashMap<>();
    lines.put("hours at the quota", m -> m.backfill.hours);
    lines.put("processor seconds", m -> m.backfill.busy + m.backfill.database);
    lines.put("memory", m -> m.backfill.megabytes);
    lines.put("connections", m -> (double) m.backfill.connections);
    lines.put("MB stored", m -> m.storedMegabytes);
    Map<String, Map<String, List<Double>>> panels = new LinkedHashMap<>();
    all.forEach(
        (dimension, row) -> {
          Map<String, List<Double>> ratios = new LinkedHashMap<>();
          lines.forEach(
              (name, value) ->
                  ratios.put(
                      name,
                      row.stream().map(m -> value.apply(m) / value.apply(row.get(0))).toList()));
          panels.put(dimension, ratios);
        });
    return GrowthPlot.svg(panels);
  }
}
