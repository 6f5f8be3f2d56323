package fathomexport.bench;

import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Seconds and memory of a year's backfill, of the night after it, and of {@code status} and {@code
 * plan}, for many sites. Each command is a process that the launcher starts, as for its users; the
 * simulated API grants any number of requests, so that no time is spent on its quota. The memory is
 * the largest resident set of the process. The processor time is printed beside the elapsed time,
 * since other programs on the machine lengthen only the latter.
 *
 * <p>System properties: {@code bench.launcher}, {@code bench.night} (the directory), {@code
 * bench.sites}, {@code bench.history} (days), {@code bench.sinks}, {@code bench.java} (options of
 * the exporter's JVM), {@code bench.keep} (the number of minutes that the database and the
 * simulated API stay afterwards, so that further commands can be tried in the directory).
 */
final class NightBench {
  private static final String TOKEN_VARIABLE = "BENCH_TOKEN";
  private static final List<String> REPORTS =
      List.of(
          "traffic_daily, ",
          "pages_daily, field_grouping: [pathname]",
          "referrers_daily, field_grouping: [referrer_hostname]",
          "browsers_daily, field_grouping: [browser]",
          "countries_daily, field_grouping: [country_code]");

  private final Path directory;
  private final Path launcher;

  private NightBench(Path directory, Path launcher) {
    this.directory = directory;
    this.launcher = launcher;
  }

  public static void main(String[] args) throws Exception {
    Path directory = Path.of(System.getProperty("bench.night", "target/night")).toAbsolutePath();
    Path launcher = Path.of(System.getProperty("bench.launcher", "fathom-export"));
    int sites = Integer.getInteger("bench.sites", 200);
    int days = Integer.getInteger("bench.history", 365);
    Files.createDirectories(directory);
    LocalDate last = LocalDate.now(ZoneOffset.UTC).minusDays(2);
    try (EmbeddedPostgres postgres =
            EmbeddedPostgres.builder().setServerConfig("listen_addresses", "127.0.0.1").start();
        FathomSimulator api =
            FathomSimulator.start(world(sites, last.minusDays(days), last), Behaviour.unlimited())) {
      NightBench bench = new NightBench(directory, launcher.toAbsolutePath());
      bench.configure(api, postgres.getPort());
      System.out.printf(
          Locale.ROOT,
          "%d sites, %d reports, %d days%n%-28s %8s %8s %8s%n",
          sites,
          REPORTS.size(),
          days,
          "command",
          "seconds",
          "CPU",
          "MB");
      bench.measure(
          "backfill",
          "nightly",
          "--from",
          last.minusDays(days - 1L).toString(),
          "--to",
          last.minusDays(1).toString());
      bench.measure("run", "nightly");
      bench.measure("status", "nightly");
      // Again: the first short command also writes the launcher's archive of classes.
      bench.measure("status", "nightly");
      bench.measure("status", "nightly", "--html", "status.html");
      bench.measure("plan", "nightly");
      System.out.println("files below the Parquet root: " + bench.files());
      System.out.println("status.html: " + Files.size(directory.resolve("status.html")) + " bytes");
      int kept = Integer.getInteger("bench.keep", 0);
      if (kept > 0) {
        System.out.println(
            "for " + kept + " minutes, with " + TOKEN_VARIABLE + "=" + SimulatorToken.STANDARD.secret());
        TimeUnit.MINUTES.sleep(kept);
      }
    }
  }

  private static World world(int sites, LocalDate first, LocalDate last) {
    World world = World.empty();
    for (int i = 0; i < sites; i++) {
      String site = String.format(Locale.ROOT, "SITE%04d", i);
      world.addSite(site, ZoneId.of(i % 2 == 0 ? "Europe/Berlin" : "America/New_York"));
      for (LocalDate day = first; !day.isAfter(last); day = day.plusDays(1)) {
        for (int hour = 8; hour < 20; hour += 4) {
          world.add(site, world.viewAt(site, day.atTime(hour, i % 60)).path("/" + hour));
        }
      }
    }
    return world;
  }

  private void configure(FathomSimulator api, int databasePort) throws IOException {
    Files.createDirectories(directory.resolve("conf"));
    Files.createDirectories(directory.resolve("pipelines"));
    Files.writeString(
        directory.resolve("conf/fathom-export.yaml"),
        """
        api:
          base_url: %s
          token: {env: %s}
          requests_per_minute: 1000000
        postgres:
          url: jdbc:postgresql://127.0.0.1:%d/postgres
          user: postgres
        parquet:
          root: warehouse
        """
            .formatted(api.baseUri(), TOKEN_VARIABLE, databasePort));
    StringBuilder pipeline =
        new StringBuilder("sites: all\nsinks: [")
            .append(System.getProperty("bench.sinks", "postgres, parquet"))
            .append("]\nreports:\n");
    for (String report : REPORTS) {
      pipeline
          .append("  - {name: ")
          .append(report.replaceFirst(", $", ""))
          .append(
              ", entity: pageview, date_grouping: day, aggregates: [visits, uniques, pageviews,"
                  + " avg_duration, bounce_rate]}\n");
    }
    Files.writeString(directory.resolve("pipelines/nightly.yaml"), pipeline.toString());
  }

  /** Runs a command and prints how long it took and how much memory it had at most. */
  private void measure(String... arguments) throws IOException, InterruptedException {
    MeasuredCommand.Cost cost =
        MeasuredCommand.start(
                launcher,
                directory,
                Map.of(TOKEN_VARIABLE, SimulatorToken.STANDARD.secret()),
                List.of(arguments))
            .await();
    System.out.printf(
        Locale.ROOT,
        "%-28s %8.1f %8.1f %8.0f%n",
        arguments[0] + (arguments.length > 2 ? " " + arguments[2] : ""),
        cost.seconds(),
        cost.busy(),
        cost.megabytes());
  }

  private long files() throws IOException {
    Path root = directory.resolve("warehouse");
    if (!Files.exists(root)) {
      return 0;
    }
    try (Stream<Path> all = Files.walk(root)) {
      return all.filter(file -> file.getFileName().toString().equals("data.parquet")).count();
    }
  }
}
