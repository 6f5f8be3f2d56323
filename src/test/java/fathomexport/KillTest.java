package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.ledger.LedgerEntry;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.simulator.ApiRequest;
import fathomexport.simulator.Behaviour;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.Fault;
import fathomexport.simulator.FaultRule;
import fathomexport.simulator.RequestLog;
import fathomexport.simulator.SimulatorToken;
import fathomexport.simulator.World;
import fathomexport.sink.parquet.ParquetSettings;
import fathomexport.sink.parquet.ParquetSink;
import fathomexport.testing.Installation;
import fathomexport.testing.Landed;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A backfill that is killed again and again ends as one that was left alone. */
class KillTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 10, 20);
  private static final LocalDate LAST = LocalDate.of(2025, 11, 8);
  private static final Instant NOW = Instant.parse("2025-11-12T14:00:00Z");
  private static final int KILLS = 10;
  private static final long SEED = 20_251_108;

  /** Long enough that a kill falls into requests, commits and what is between them. */
  private static final Duration ANSWER_TIME = Duration.ofMillis(15);

  private static final int LONGEST_BETWEEN_REQUESTS_MILLIS = 40;

  /** Each is a question of its own, so that a request tells which report it is for. */
  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("pages_daily", "day", "hostname", "pathname"),
          Question.pageviews("traffic_hourly", "hour"),
          Question.pageviews("browsers_hourly", "hour", "browser"),
          Question.pageviews("traffic_monthly", "month"),
          Question.pageviews("cities_monthly", "month", "city"),
          Question.events("goals_daily", "day"));

  @TempDir Path killedDirectory;
  @TempDir Path undisturbedDirectory;

  /** A period of a report's slice, the unit that is committed. */
  private record Held(String report, String site, String event, LocalDate period) {}

  @Test
  void tenKillsLeaveWhatNoneLeaves() throws IOException, InterruptedException {
    Semaphore arrivals = new Semaphore(0);
    FaultRule slowly =
        FaultRule.when(
            request -> {
              if (request.aggregation() > 0) {
                arrivals.release();
                return true;
              }
              return false;
            },
            new Fault.Delay(ANSWER_TIME));
    try (TestDatabase database = TestDatabase.create();
        TestDatabase undisturbedDatabase = TestDatabase.create();
        FathomSimulator api =
            FathomSimulator.start(
                World.dozen(31, FIRST, LAST, 0), Behaviour.unlimited().withFault(slowly))) {
      Installation killed = install(killedDirectory, database, api);
      Random random = new Random(SEED);
      int requests = 0;
      for (int kill = 1; kill <= KILLS; kill++) {
        api.log().clear();
        Set<Held> before = heldByBoth(killed);
        arrivals.drainPermits();
        Process process = start(killed);
        try {
          assertThat(arrivals.tryAcquire(1 + random.nextInt(12), 60, TimeUnit.SECONDS))
              .as("run %s asks the API: %s", kill, output(killed))
              .isTrue();
          boolean ended =
              process.waitFor(
                  random.nextInt(LONGEST_BETWEEN_REQUESTS_MILLIS), TimeUnit.MILLISECONDS);
          assertThat(ended).as("kill %s comes before the end", kill).isFalse();
        } finally {
          process.destroyForcibly().waitFor();
        }
        requests += api.log().aggregations().size();
        assertThat(repeated(api.log(), before)).as("asked again after kill %s", kill - 1).isEmpty();
      }
      api.log().clear();
      Set<Held> before = heldByBoth(killed);
      assertThat(before).as("windows that outlived the kills").isNotEmpty();

      Installation.Ended last = backfill(killed);

      assertThat(last.code()).as(last.said()).isZero();
      assertThat(repeated(api.log(), before)).as("asked again after the last kill").isEmpty();
      requests += api.log().aggregations().size();

      api.log().clear();
      Installation undisturbed = install(undisturbedDirectory, undisturbedDatabase, api);
      assertThat(backfill(undisturbed).code()).isZero();
      for (Question report : REPORTS) {
        assertThat(
                Landed.differences(
                    Landed.inPostgres(undisturbedDatabase, report),
                    Landed.inPostgres(database, report)))
            .as("%s in Postgres", report.name())
            .isEmpty();
        assertThat(
                Landed.differences(
                    Landed.inParquet(undisturbed.warehouse(), report),
                    Landed.inParquet(killed.warehouse(), report)))
            .as("%s in Parquet", report.name())
            .isEmpty();
        assertThat(filesBelow(killed.warehouse().resolve(report.name())))
            .as("files of %s, none of them left over", report.name())
            .isEqualTo(filesBelow(undisturbed.warehouse().resolve(report.name())));
      }
      int least = api.log().aggregations().size();
      System.out.printf("%d kills: %d requests, %d without any%n", KILLS, requests, least);
      assertThat(requests)
          .as("a kill costs what was under way: a window or two with its control")
          .isLessThanOrEqualTo(least + 4 * KILLS);
    }
  }

  private static Installation install(Path directory, TestDatabase database, FathomSimulator api) {
    return new Installation(
            directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
        .pipeline("all", REPORTS);
  }

  private static Installation.Ended backfill(Installation installation) {
    return installation.run("backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString());
  }

  /** Starts the backfill in a process of its own. */
  private static Process start(Installation installation) throws IOException {
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-Xmx256m",
            "-cp",
            classPath,
            "fathomexport.Main",
            "backfill",
            "all",
            "--from",
            FIRST.toString(),
            "--to",
            LAST.toString());
    builder.directory(installation.directory().toFile());
    builder.environment().putAll(installation.variables());
    builder.redirectErrorStream(true);
    builder.redirectOutput(outputFile(installation));
    return builder.start();
  }

  private static File outputFile(Installation installation) {
    return installation.directory().resolve("output.txt").toFile();
  }

  private static String output(Installation installation) throws IOException {
    Path file = outputFile(installation).toPath();
    return Files.exists(file) ? Files.readString(file) : "";
  }

  /** What Postgres and Parquet both have: what only one has is rightly asked for again. */
  private static Set<Held> heldByBoth(Installation installation) {
    Set<Held> held = new HashSet<>();
    try (ParquetSink parquet = new ParquetSink(new ParquetSettings(installation.warehouse()))) {
      for (Question report : REPORTS) {
        for (LedgerEntry entry :
            parquet.ledger().entries(report.name(), List.of(), LocalDate.EPOCH)) {
          held.add(
              new Held(
                  report.name(),
                  entry.slice().site().value(),
                  entry.slice().eventKey(),
                  entry.certificate().period()));
        }
      }
    }
    if (held.isEmpty()) {
      return held;
    }
    Set<Held> inPostgres = new HashSet<>();
    installation
        .database()
        .query("SELECT report, site_id, event_name, period::text FROM fathom_ops.ledger")
        .forEach(
            row ->
                inPostgres.add(
                    new Held(
                        String.valueOf(row.get(0)),
                        String.valueOf(row.get(1)),
                        String.valueOf(row.get(2)),
                        LocalDate.parse(String.valueOf(row.get(3))))));
    held.retainAll(inPostgres);
    return held;
  }

  /** Requests for periods that were committed before. */
  private static List<String> repeated(RequestLog log, Set<Held> committed) {
    List<String> repeated = new ArrayList<>();
    for (RequestLog.Entry entry : log.aggregations()) {
      ApiRequest request = entry.request();
      String grouping = String.valueOf(request.parameter("date_grouping"));
      for (Question report : REPORTS) {
        String fields = request.parameter("field_grouping");
        if (report.event() != (request.parameter("entity_name") != null)
            || !report.dateGrouping().equals(grouping)
            || !String.join(",", report.fields()).equals(fields == null ? "" : fields)) {
          continue;
        }
        DayRange asked = new DayRange(day(request, "date_from"), day(request, "date_to"));
        String event = request.parameter("entity_name");
        asked
            .periods(DateGrouping.valueOf(grouping.toUpperCase(Locale.ROOT)))
            .map(
                p ->
                    new Held(
                        report.name(),
                        String.valueOf(request.site()),
                        event == null ? "" : event,
                        p))
            .filter(committed::contains)
            .forEach(held -> repeated.add(held + " by " + asked));
      }
    }
    return repeated;
  }

  private static LocalDate day(ApiRequest request, String parameter) {
    return LocalDate.parse(String.valueOf(request.parameter(parameter)).substring(0, 10));
  }

  private static List<String> filesBelow(Path folder) throws IOException {
    try (var paths = Files.walk(folder)) {
      return paths
          .filter(Files::isRegularFile)
          .map(p -> folder.relativize(p).toString())
          .sorted()
          .toList();
    }
  }
}
