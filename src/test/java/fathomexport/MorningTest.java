package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.cli.process.Shutdown;
import fathomexport.ledger.PipelineLocks;
import fathomexport.ledger.RunRecord;
import fathomexport.run.Left;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.sink.parquet.ParquetSink;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.testing.Fixture;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * What {@code status} says in the morning, after nights that went well and nights that did not:
 * nothing that is wrong stays unsaid, and nothing is said when all is well.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MorningTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final LocalDate FIRST = LocalDate.of(2026, 5, 1);
  private static final LocalDate LAST = LocalDate.of(2026, 6, 20);
  private static final String SITES = "[LDNBOOKS, UTCSTATS, KTMTRAIL]";
  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("pages_daily", "day", "pathname"));

  /** The time of the API, by which it dates its responses. */
  private static final Instant API = at(13, "14:00");

  /** The API refuses every question about a report. */
  private static final FaultRule REFUSED =
      new FaultRule(
          r -> r.path().endsWith("/aggregations"),
          Integer.MAX_VALUE,
          new Fault.Status(400, "application/json", "{}", Map.of()));

  private static final FaultRule DOWN =
      FaultRule.when(r -> true, new Fault.Status(503, "application/json", "{}", Map.of()));

  @RegisterExtension final Fixture fixture = new Fixture();
  private FathomSimulator api;
  private Installation installation;
  private Path directory;

  @BeforeAll
  void start() throws IOException {
    api =
        FathomSimulator.start(
            World.dozen(12, FIRST, LAST, 0), Behaviour.unlimited(), 0, InstantSource.fixed(API));
  }

  @AfterAll
  void stop() {
    api.close();
  }

  @BeforeEach
  void install(@TempDir Path empty) {
    api.behave(Behaviour.unlimited());
    directory = empty;
    installation =
        new Installation(
                empty,
                fixture.database(REPORTS),
                api.baseUri(),
                SimulatorToken.STANDARD.secret(),
                Instant.EPOCH)
            .pipeline("nightly", SITES, "[parquet]", REPORTS);
  }

  private static Instant at(int day, String time) {
    return Instant.parse("2026-06-%02dT%s:00Z".formatted(day, time));
  }

  /** The nightly run of a day in June, which must succeed. */
  private Installation.Ended night(int day, String... options) {
    Installation.Ended ended = started(day, options);
    assertThat(ended.code()).as(ended.said()).isZero();
    return ended;
  }

  private Installation.Ended started(int day, String... options) {
    String[] command = new String[options.length + 2];
    command[0] = "run";
    command[1] = "nightly";
    System.arraycopy(options, 0, command, 2, options.length);
    return installation.at(at(day, "12:30")).run(command);
  }

  private String status(Instant when, String... options) {
    String[] command = new String[options.length + 2];
    command[0] = "status";
    command[1] = "nightly";
    System.arraycopy(options, 0, command, 2, options.length);
    Installation.Ended ended = installation.at(when).run(command);
    assertThat(ended.code()).as(ended.said()).isZero();
    return ended.out();
  }

  private JsonNode json(Instant when) throws IOException {
    return JSON.readTree(status(when, "--json"));
  }

  // --- Due or late

  @Test
  void aDayIsDueUntilARunCouldHaveFetchedIt() throws IOException {
    night(10);
    night(11);

    // Yesterday has ended everywhere but in the west, and the run comes at half past twelve.
    assertThat(status(at(12, "08:00")))
        .startsWith(
            "3 of 3 sites are complete; what has ended since the last run is due by 2026-06-12"
                + " 13:30 UTC.")
        .doesNotContain("late");
    assertThat(status(at(12, "08:00"), "--attention")).doesNotContain("traffic_daily");
    JsonNode due = json(at(12, "08:00"));
    assertThat(due.path("sites_complete").intValue()).isEqualTo(3);
    due.path("lines")
        .forEach(
            line -> {
              assertThat(line.path("attention").booleanValue()).as(line.toString()).isFalse();
              assertThat(line.path("due").intValue()).as(line.toString()).isEqualTo(1);
              assertThat(line.path("late").intValue()).as(line.toString()).isZero();
            });
    assertThat(page(at(12, "08:00"))).contains("3 of 3", "due by 2026-06-12 13:30 UTC");

    // It did not come.
    assertThat(status(at(12, "14:00")))
        .startsWith(
            "0 of 3 sites are complete to yesterday; 6 of 6 rows (each a report of a site) need attention.")
        .contains("! 1 day late");
    assertThat(status(at(13, "08:00")))
        .contains("! 1 day late")
        .contains("due by 2026-06-13 13:30");
    assertThat(status(at(13, "14:00"))).contains("! 2 days late").doesNotContain(" due ");
    assertThat(page(at(13, "14:00"))).contains("2 days late");

    night(13);
    assertThat(status(at(13, "14:00"))).startsWith("3 of 3 sites are complete to yesterday.");
  }

  private String page(Instant when) throws IOException {
    status(when, "--html", "status.html");
    return Files.readString(directory.resolve("status.html"));
  }

  @Test
  void theFileMaySayWhenARunIsExpected() {
    night(10);
    night(11);
    installation.pipeline(
        "nightly", SITES + "\nexpect_by: \"09:15 Europe/Berlin\"", "[parquet]", REPORTS);

    assertThat(status(at(12, "07:10")))
        .startsWith("3 of 3 sites are complete")
        .contains("due by 2026-06-12 07:15 UTC");
    assertThat(status(at(12, "07:20"))).startsWith("0 of 3").contains("! 1 day late");
  }

  @Test
  void aRunThatFailedCouldHaveFetchedTheDay() {
    night(10);
    night(11);
    api.behave(Behaviour.unlimited().withFault(REFUSED));
    assertThat(started(12).code()).isNotZero();

    assertThat(status(at(12, "12:45"))).startsWith("0 of 3").contains("1 day late");
  }

  /** Of a run that met the lock, could not begin or was stopped, the days that are due stay due. */
  @Test
  void aRunThatCouldNotFetchTheDayDoesNotMakeItLate() throws IOException {
    night(10);
    night(11);
    installation.at(at(12, "08:00"));
    try (ParquetSink sink = new ParquetSink(new ParquetSettings(installation.warehouse()));
        PipelineLocks.RunLock lock = sink.ledger().tryLock("nightly").orElseThrow()) {
      assertThat(lock.stillHeld()).isTrue();
      assertThat(installation.run("run", "nightly").code()).isEqualTo(75);
      assertDue(at(12, "08:10"));
    }
    api.behave(Behaviour.unlimited().withFault(DOWN));
    assertThat(installation.at(at(12, "08:20")).run("run", "nightly").code()).isEqualTo(75);
    api.behave(Behaviour.unlimited());
    installation.withoutVariable(Installation.TOKEN_VARIABLE);
    assertThat(installation.at(at(12, "08:30")).run("run", "nightly").code()).isEqualTo(77);
    installation.variable(Installation.TOKEN_VARIABLE, SimulatorToken.STANDARD.secret());
    assertDue(at(12, "08:40"));
    installation.at(at(12, "08:50"));
    assertThat(installation.runUntil(api, r -> r.aggregation() > 0, "run", "nightly").code())
        .isEqualTo(143);
    assertDue(at(12, "09:00"));

    // No run came at the usual time either.
    assertThat(status(at(12, "14:00"))).contains("! 1 day late");
    assertThat(installation.run("status", "nightly", "--check").code()).isEqualTo(65);
  }

  private void assertDue(Instant when) {
    assertThat(status(when)).startsWith("3 of 3 sites are complete; ").contains(" is due by ");
    assertThat(installation.run("status", "nightly", "--check").code()).isZero();
  }

  // --- Holes

  /** Everything that was within reach is filled, and the rest is counted, with its command. */
  @Test
  void aPauseThatIsLongerThanARunReachesIsReportedUntilItIsFilled() throws IOException {
    installation.settings(1_000, 1_000, "  max_range_days: 7\n");
    night(1);

    Installation.Ended first = night(19, "--metrics-file", "nightly.prom");

    String last =
        "  ! 66 periods stay missing, too old for a run to fetch by itself; fetch with:"
            + " fathom-export backfill nightly --from 2026-06-01 --to 2026-06-11";
    assertThat(first.out().lines().reduce("", (a, b) -> b)).isEqualTo(last);
    assertThat(Files.readString(directory.resolve("nightly.prom")))
        .contains(
            "fathom_export_periods{pipeline=\"nightly\",command=\"run\",state=\"missing\"} 66")
        .contains("state=\"late\"} 0");
    assertThat(status(at(19, "13:00")))
        .contains("! 11 missing")
        .contains(last.strip())
        .contains(" and 5 more rows missing: 2026-06-01 .. 2026-06-11")
        .doesNotContain("late");
    assertThat(json(at(19, "13:00")).at("/beyond_reach/periods").intValue()).isEqualTo(66);
    assertThat(page(at(19, "13:00"))).contains(last.replace("  ! ", ""));
    assertThat(night(19, "--quiet").out()).endsWith(last + "\n");
    Installation.Ended again = night(19);
    assertThat(again.out())
        .startsWith(
            "nightly: nothing to do: every finished period within the reach of a run is exported")
        .endsWith(last + "\n");

    Installation.Ended mended =
        installation.run("backfill", "nightly", "--from", "2026-06-01", "--to", "2026-06-11");

    assertThat(mended.code()).as(mended.said()).isZero();
    assertThat(night(19, "--metrics-file", "nightly.prom").out())
        .startsWith("nightly: nothing to do: every finished period is exported")
        .doesNotContain("missing");
    assertThat(Files.readString(directory.resolve("nightly.prom")))
        .contains("state=\"missing\"} 0");
    assertThat(status(at(19, "13:00"))).startsWith("3 of 3 sites are complete to yesterday.");
  }

  @Test
  void whatIsLateIsInTheMetrics() throws IOException {
    night(10);
    night(11);
    api.behave(Behaviour.unlimited().withFault(REFUSED));

    assertThat(started(13, "--metrics-file", "nightly.prom").code()).isNotZero();

    assertThat(Files.readString(directory.resolve("nightly.prom")))
        .contains("fathom_export_periods{pipeline=\"nightly\",command=\"run\",state=\"late\"} 12");
  }

  /** What a budget has left is one line: of the run, and of the status until it is fetched. */
  @Test
  void whatAnExportHasLeftIsOneLine() throws IOException {
    String[] backfill = {"backfill", "nightly", "--from", "2026-05-10", "--to", "2026-06-09"};
    installation.settings(1_000, 1_000, "  max_range_days: 7\n").at(at(10, "13:00"));
    night(10);
    List<String> limited = new ArrayList<>(List.of(backfill));
    limited.addAll(List.of("--max-requests", "10"));

    Installation.Ended ended = installation.at(at(10, "13:00")).run(limited.toArray(new String[0]));

    assertThat(ended.code()).as(ended.said()).isEqualTo(75);
    assertThat(ended.out().lines().reduce("", (a, b) -> b))
        .matches("  [1-9][0-9]* windows left, about [1-9][0-9]* requests, [1-9] more nights");
    assertThat(ended.out().lines().filter(line -> line.contains("not fetched")))
        .hasSizeLessThanOrEqualTo(3);
    String left = ended.out().lines().reduce("", (a, b) -> b).strip();
    String again = "; continue with: fathom-export " + String.join(" ", limited) + "\n";
    assertIsPlanned(left, "--from", "2026-05-10", "--to", "2026-06-09");
    assertThat(status(at(10, "14:00")))
        .contains("! backfill of 2026-06-10 13:00 UTC (exit 75): " + left + again);

    Installation.Ended second =
        installation.at(at(11, "13:00")).run(limited.toArray(new String[0]));
    String less = second.out().lines().reduce("", (a, b) -> b).strip();
    assertThat(number(less)).as(less).isLessThan(number(left));
    assertThat(status(at(11, "14:00")))
        .contains("! backfill of 2026-06-11 13:00 UTC (exit 75): " + less + again)
        .doesNotContain("backfill of 2026-06-10");

    assertThat(installation.at(at(11, "15:00")).run(backfill).code()).isZero();
    assertThat(status(at(11, "15:00"))).doesNotContain("windows left");
  }

  /** What such a backfill has fetched, its continuation does not fetch once more. */
  @Test
  void aForcedBackfillIsContinuedAndNotBegunAgain() {
    installation.pipeline("nightly", SITES, "[postgres, parquet]", REPORTS);
    String range = " --from 2026-06-01 --to 2026-06-09";
    installation.settings(1_000, 1_000, "  max_range_days: 3\n").at(at(10, "13:00"));
    assertThat(installation.run(("backfill nightly" + range).split(" ", -1)).code()).isZero();
    api.log().clear();
    installation.at(at(10, "14:00"));
    assertThat(installation.run(("backfill nightly --force" + range).split(" ", -1)).code())
        .isZero();
    int once = api.log().aggregations().size();
    api.log().clear();

    String command = "backfill nightly --force" + range + " --max-requests 6";
    int commands = 0;
    int code = 75;
    while (code == 75 && commands < once) {
      installation.at(at(10, "15:%02d".formatted(commands++)));
      code = installation.run(command.split(" ", -1)).code();
      String words = "; continue with: fathom-export ";
      String status = status(at(10, "16:00"));
      command =
          status.contains(words)
              ? status
                  .substring(status.indexOf(words) + words.length())
                  .lines()
                  .findFirst()
                  .orElseThrow()
              : "";
    }

    assertThat(code).as("the last one finds an end").isZero();
    assertThat(commands).isGreaterThan(1);
    // A control query may be sent again for what is left of its windows.
    assertThat(api.log().aggregations().size()).isLessThan(once + 2 * commands);
    assertThat(
            installation
                .database()
                .query(
                    "SELECT count(*) FROM fathom_ops.ledger WHERE fetched_at"
                        + " < '2026-06-10 15:00:00Z'"))
        .containsExactly(List.of(0L));
  }

  /**
   * A killed process has written nothing at its end: its record says from the start how to go on.
   */
  @Test
  void aKilledBackfillIsContinuedByWhatStatusSays() {
    night(10);
    String again =
        "continue with: fathom-export backfill nightly --site "
            + "LDNBOOKS"
            + " --from 2026-05-10 --to 2026-05-12 --force --fetched-before 2026-06-10T13:00:00Z"
            + " --oldest-first";
    AtomicReference<String> meanwhile = new AtomicReference<>("");
    api.behave(
        Behaviour.unlimited()
            .withFault(
                FaultRule.when(
                    request -> {
                      if (request.aggregation() > 0 && "".equals(meanwhile.get())) {
                        meanwhile.set(status(at(10, "13:30")));
                      }
                      return false;
                    },
                    Fault.empty())));
    Installation.Ended ended =
        installation.at(at(10, "13:00")).run(again.substring(again.indexOf("backfill")).split(" "));
    assertThat(ended.code()).as(ended.said()).isZero();
    assertThat(meanwhile.get()).contains("so far; if it was killed, " + again + "\n");
    assertThat(status(at(10, "14:00"))).doesNotContain("continue with");
  }

  /** A window that failed is left, too, and a window is one whether or not it was begun. */
  @Test
  void whatIsLeftIsWhatPlanPrints() throws IOException {
    night(10);
    api.behave(
        Behaviour.unlimited()
            .withFault(
                new FaultRule(
                    r -> r.aggregation() > 0 && "LDNBOOKS".equals(r.parameter("entity_id")),
                    Integer.MAX_VALUE,
                    new Fault.Status(404, "application/json", "{}", Map.of()))));
    installation.at(at(13, "12:30"));

    Installation.Ended ended = installation.run("run", "nightly", "--max-requests", "3");

    assertThat(ended.code()).as(ended.said()).isEqualTo(77);
    assertThat(ended.out())
        .contains("  windows   6 planned, 2 committed, 2 failed, 2 not begun")
        .contains("  4 windows left, ");
    assertIsPlanned(ended.out().lines().reduce("", (a, b) -> b).strip());
  }

  /** The number of windows and of requests are those that a plan prints now. */
  private void assertIsPlanned(String left, String... range) throws IOException {
    List<String> command = new ArrayList<>(List.of("plan", "nightly", "--json"));
    command.addAll(List.of(range));
    JsonNode plan = JSON.readTree(installation.run(command.toArray(new String[0])).out());
    int windows = plan.path("windows").intValue();
    assertThat(left)
        .startsWith(
            windows
                + (windows == 1 ? " window" : " windows")
                + " left, about "
                + plan.path("likely_requests").intValue()
                + " request");
  }

  private static int number(String left) {
    return Integer.parseInt(left.substring(0, left.indexOf(' ')));
  }

  // --- Each sink by itself

  @Test
  void aSinkThatLagsIsNamedWithTheCommandThatMendsIt() throws IOException {
    installation.pipeline("nightly", SITES, "[postgres, parquet]", REPORTS);
    night(10);
    night(11);
    assertThat(status(at(11, "13:00"))).startsWith("3 of 3").doesNotContain("! ");
    moveAway("traffic_daily", "pages_daily");

    assertThat(status(at(11, "13:00")))
        .startsWith("0 of 3 sites are complete")
        .contains(
            "! parquet lacks 30 periods (2 reports, 3 sites, 2026-06-06 .. 2026-06-10) that postgres"
                + " has; fetch with: fathom-export backfill nightly --from 2026-06-06 --to"
                + " 2026-06-10");
    assertThat(page(at(11, "13:00"))).contains("parquet lacks 30 periods");
    assertThat(json(at(11, "13:00")).path("lagging").path(0).path("sink").textValue())
        .isEqualTo("parquet");
    Installation.Ended mended =
        installation.run("backfill", "nightly", "--from", "2026-06-06", "--to", "2026-06-10");
    assertThat(mended.code()).as(mended.said()).isZero();
    assertThat(status(at(11, "13:00"))).startsWith("3 of 3").doesNotContain("! ");
  }

  /** What a run reaches it fetches for a sink that lost it, as it does for all of them. */
  @Test
  void aRunFillsASinkThatLostItsFiles() throws IOException {
    installation.pipeline("nightly", SITES, "[postgres, parquet]", REPORTS);
    night(10);
    night(11);
    moveAway("traffic_daily");

    night(12);

    assertThat(status(at(12, "13:00"))).startsWith("3 of 3").doesNotContain("! ");
  }

  @Test
  void sinksThatHoldDifferentRowsAreNotBothRight() throws IOException {
    installation.pipeline("nightly", SITES, "[postgres, parquet]", REPORTS);
    night(11);
    installation
        .database()
        .execute(
            "UPDATE fathom_ops.ledger SET rows_digest = 'another' WHERE report = 'traffic_daily'"
                + " AND site_id = 'UTCSTATS' AND period = '2026-06-08'");

    assertThat(status(at(11, "13:00")))
        .startsWith("2 of 3 sites are complete")
        .contains("! 1 different in the sinks")
        .contains(
            "! the sinks hold different rows of 1 period (1 report, 1 site, 2026-06-08 .."
                + " 2026-06-08); fetch again with: fathom-export backfill nightly --site UTCSTATS"
                + " --report traffic_daily --from 2026-06-08 --to 2026-06-08 --force");
    assertThat(installation.run("status", "nightly", "--check").code()).isEqualTo(65);
    assertThat(installation.run("status", "nightly", "--check", "--site", "KTMTRAIL").code())
        .isZero();
    Installation.Ended run = night(13, "--metrics-file", "nightly.prom", "--quiet");
    assertThat(run.out())
        .endsWith(
            "  ! the sinks hold different rows of 1 period; fetch again with: fathom-export"
                + " backfill nightly --site UTCSTATS --report traffic_daily --from 2026-06-08 --to"
                + " 2026-06-08 --force\n");
    assertThat(Files.readString(directory.resolve("nightly.prom")))
        .contains("state=\"differing\"} 1\n");

    Installation.Ended mended =
        installation.run(
            "backfill", "nightly", "--from", "2026-06-08", "--to", "2026-06-08", "--force");

    assertThat(mended.code()).as(mended.said()).isZero();
    assertThat(night(13).out()).doesNotContain("different rows");
    assertThat(installation.run("status", "nightly", "--check").code()).isZero();
  }

  @Test
  void aSampleThatOneSinkLacksIsReported() throws IOException {
    installation.pipeline("nightly", SITES, "[postgres, parquet]", REPORTS);
    night(11);
    for (int i = 0; i < 3; i++) {
      Installation.Ended ended = installation.at(at(11, "13:0" + i)).run("snapshot", "nightly");
      assertThat(ended.code()).as(ended.said()).isZero();
    }
    assertThat(status(at(11, "14:00"))).doesNotContain("! ");
    installation
        .database()
        .execute(
            "DELETE FROM fathom.current_visitors WHERE site_id = 'LDNBOOKS' AND sampled_at ="
                + " (SELECT min(sampled_at) FROM fathom.current_visitors"
                + " WHERE site_id = 'LDNBOOKS')");
    moveAway("current_visitors/site_id=UTCSTATS");

    assertThat(status(at(11, "14:00")))
        .startsWith("3 of 3 sites are complete")
        .contains("; what needs attention beside them is marked with ! below.")
        .contains("! parquet lacks 3 samples of current visitors that another sink has (1 site, ")
        .contains("! postgres lacks 1 sample of current visitors that another sink has (1 site, ");
    assertThat(installation.run("status", "nightly", "--check").code()).isEqualTo(65);
    assertThat(night(11, "--metrics-file", "nightly.prom").out())
        .contains("  ! 4 samples of current visitors are not in all sinks");
    assertThat(Files.readString(directory.resolve("nightly.prom")))
        .contains("fathom_export_lacking_samples{pipeline=\"nightly\",command=\"run\"} 4\n");
  }

  private void moveAway(String... folders) throws IOException {
    for (String folder : folders) {
      Files.move(
          installation.warehouse().resolve(folder),
          directory.resolve("away-" + folder.replace('/', '-')));
    }
  }

  // --- Nights that could not begin, and nights that did not end

  @Test
  void aNightWithoutTheDatabaseIsRecordedOnceItIsBack() {
    installation.pipeline("nightly", SITES, "[postgres]", REPORTS);
    night(10);
    night(11);
    installation.databaseAt("jdbc:postgresql://127.0.0.1:9/none").settings(1_000).inRealTime();
    assertThat(started(12).code()).isEqualTo(74);
    assertThat(directory.resolve("run/unrecorded")).isDirectoryContaining("glob:**.json");

    installation.databaseAt(installation.database().url()).settings(1_000).hurried();

    assertThat(status(at(12, "13:00")))
        .contains("! run of 2026-06-12 12:30 UTC (exit 74): could not begin: PostgreSQL at")
        .doesNotContain("late");
    assertThat(status(at(12, "14:00"))).contains("! 1 day late");
    assertThat(
            installation
                .database()
                .query(
                    "SELECT exit_code, messages[1] FROM fathom_ops.run"
                        + " WHERE started_at = '2026-06-12T12:30:00Z'"))
        .singleElement()
        .satisfies(
            row -> {
              assertThat(row.get(0)).isEqualTo(74);
              assertThat((String) row.get(1)).startsWith("could not begin: ");
            });
    assertThat(directory.resolve("run/unrecorded")).isEmptyDirectory();
    night(13);
    assertThat(status(at(13, "13:00"))).startsWith("3 of 3").doesNotContain("! ");
  }

  @Test
  void nightsWithoutTheApiOrASecretOrTheLockAreRecordedAtOnce() throws IOException {
    night(10);
    api.behave(Behaviour.unlimited().withFault(DOWN));
    assertThat(started(11).code()).isEqualTo(75);
    api.behave(Behaviour.unlimited());
    installation.withoutVariable(Installation.TOKEN_VARIABLE);
    assertThat(started(12).code()).isEqualTo(77);
    installation.variable(Installation.TOKEN_VARIABLE, SimulatorToken.STANDARD.secret());
    try (ParquetSink sink = new ParquetSink(new ParquetSettings(installation.warehouse()));
        PipelineLocks.RunLock lock = sink.ledger().tryLock("nightly").orElseThrow()) {
      assertThat(lock.stillHeld()).isTrue();
      assertThat(started(13).code()).isEqualTo(75);
    }

    assertThat(status(at(13, "13:00")))
        .contains("! run of 2026-06-11 12:30 UTC (exit 75): could not begin: ")
        .contains("! run of 2026-06-12 12:30 UTC (exit 77): could not begin: ")
        .contains(
            "! run of 2026-06-13 12:30 UTC (exit 75): could not begin: another run of pipeline"
                + " nightly is under way");
    assertThat(page(at(13, "13:00"))).contains("could not begin: another run of pipeline");
  }

  /** A stop is no fault of the account, and ends what waits for it, with its record and metrics. */
  @Test
  void aStopBeforeAnythingIsFetchedIsRecordedAsWhatItIs() throws IOException {
    night(10);
    String words = "stopped as requested, before anything was fetched";

    Installation.Ended run =
        stoppedAtTheList("12:30", "run", "nightly", "--metrics-file", "run.prom");
    Installation.Ended backfill =
        stoppedAtTheList(
            "12:40",
            "backfill",
            "nightly",
            "--from",
            "2026-06-01",
            "--to",
            "2026-06-02",
            "--metrics-file",
            "backfill.prom");

    for (Installation.Ended ended : List.of(run, backfill)) {
      assertThat(ended.code()).as(ended.said()).isEqualTo(143);
      assertThat(ended.err()).contains("fathom-export: " + words).doesNotContain("cannot reach");
    }
    for (String metrics : List.of("run.prom", "backfill.prom")) {
      assertThat(Files.readString(directory.resolve(metrics)))
          .containsPattern("fathom_export_exit_code\\{.*} 143");
    }
    assertThat(status(at(11, "13:00")))
        .contains("! run of 2026-06-11 12:30 UTC (exit 143): " + words + "\n")
        .contains("! backfill of 2026-06-11 12:40 UTC (exit 143): " + words + "\n");
  }

  /**
   * A command that is asked to stop while it waits for the list of sites, for as long as it does.
   */
  private Installation.Ended stoppedAtTheList(String time, String... command) {
    Shutdown shutdown = new Shutdown();
    CountDownLatch ended = new CountDownLatch(1);
    api.behave(
        Behaviour.unlimited()
            .withFault(
                FaultRule.when(
                    r -> {
                      if (r.path().endsWith("/sites")) {
                        shutdown.request();
                        awaitAtMostTenSeconds(ended);
                      }
                      return false;
                    },
                    Fault.empty())));
    Installation.Ended result = installation.at(at(11, time)).run(shutdown, command);
    ended.countDown();
    api.behave(Behaviour.unlimited());
    return result;
  }

  /** So long an answer would be waited for if it were paid for. */
  private static void awaitAtMostTenSeconds(CountDownLatch latch) {
    try {
      if (!latch.await(10, TimeUnit.SECONDS)) {
        System.out.println("the command waited for the answer");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aKilledRunShowsWhatItHadCommitted() throws IOException {
    installation.pipeline("nightly", SITES, "[postgres]", REPORTS);
    night(11);
    JsonNode ended = json(at(11, "13:00")).path("runs").path(0);
    assertThat(ended.path("windows_committed").intValue()).isPositive();
    // What the record of a run is until its end.
    installation
        .database()
        .execute(
            "UPDATE fathom_ops.run SET finished_at = NULL, exit_code = NULL, windows_committed = 0,"
                + " rows = 0");

    JsonNode run = json(at(11, "13:00")).path("runs").path(0);
    assertThat(run.path("windows_committed")).isEqualTo(ended.path("windows_committed"));
    assertThat(run.path("rows")).isEqualTo(ended.path("rows"));

    night(12);
    assertThat(status(at(12, "13:00"))).containsPattern("run +killed ");
    JsonNode killed = json(at(12, "13:00")).path("runs").path(1);
    assertThat(killed.path("windows_committed")).isEqualTo(ended.path("windows_committed"));
    assertThat(killed.path("problem").textValue())
        .isEqualTo(
            "killed, or its machine stopped: "
                + ended.path("windows_committed").intValue()
                + " of its windows are stored, at least in part");
  }

  /** A run does not take up what a backfill has left, however that ended. */
  @Test
  void aKilledBackfillIsRememberedAfterAGoodRun() throws IOException {
    night(10);
    String arguments = "backfill nightly --site UTCSTATS --from 2026-06-01 --to 2026-06-05";
    try (ParquetSink sink = new ParquetSink(new ParquetSettings(installation.warehouse()))) {
      sink.ledger()
          .record(
              new RunRecord(
                  "killed",
                  "nightly",
                  "backfill --site UTCSTATS",
                  at(10, "13:00"),
                  null,
                  null,
                  3,
                  2,
                  0,
                  0,
                  0,
                  0,
                  2,
                  0,
                  2,
                  List.of(Left.continuation(arguments)),
                  0,
                  null));
    }
    night(11);

    assertThat(status(at(11, "13:00")))
        .containsPattern(
            "~ backfill --site UTCSTATS of 2026-06-10 13:00 UTC: killed, [^;]*; continue with: ")
        .contains("; continue with: fathom-export " + arguments + "\n");
    // After a week it was given up; and one that ended well since has taken it up.
    assertThat(status(at(18, "13:30"))).doesNotContain("continue with: ");
    Installation.Ended mended = installation.at(at(11, "14:00")).run(arguments.split(" ", -1));
    assertThat(mended.code()).as(mended.said()).isZero();
    assertThat(status(at(11, "15:00"))).doesNotContain("continue with: ");
  }

  @Test
  void snapshotsDoNotPushNightsOffTheList() throws IOException {
    night(10);
    night(11);
    try (ParquetSink sink = new ParquetSink(new ParquetSettings(installation.warehouse()))) {
      RunRecord night = sink.ledger().runs(1).get(0);
      for (int i = 0; i < 70; i++) {
        sink.ledger()
            .record(
                new RunRecord(
                    "snapshot-" + i,
                    "nightly",
                    RunRecord.SNAPSHOT,
                    night.startedAt().plusSeconds(60L * (i + 1)),
                    night.startedAt().plusSeconds(60L * (i + 1) + 1),
                    0,
                    3,
                    3,
                    0,
                    0,
                    0,
                    0,
                    3,
                    0,
                    3,
                    List.of(),
                    0,
                    null));
      }
    }

    JsonNode status = json(at(11, "14:00"));

    assertThat(status.path("runs")).hasSize(2);
    assertThat(status.path("snapshots")).hasSize(5);
    assertThat(status(at(11, "14:00")))
        .contains("Snapshots the last at 2026-06-11 13:40 UTC, exit 0")
        .contains("2026-06-10T12:30:00Z");
  }

  @Test
  void aMonthInProgressIsMarkedAsPartial() throws IOException {
    installation.pipeline(
        "nightly",
        "[UTCSTATS]",
        "[postgres]",
        List.of(Question.pageviews("traffic_monthly", "month")));
    night(11);

    String words =
        "traffic_monthly: the period from 2026-06-01 is partial, since it is not over: measured to"
            + " 2026-06-10";
    assertThat(status(at(11, "13:00"))).contains("~ " + words);
    assertThat(page(at(11, "13:00"))).contains(words);
    assertThat(
            installation
                .database()
                .query(
                    "SELECT report, site_id, period::text, period_end::text, covers_to::text"
                        + " FROM fathom_ops.partial_period"))
        .containsExactly(
            List.of("traffic_monthly", "UTCSTATS", "2026-06-01", "2026-06-30", "2026-06-10"));
  }

  // --- The clock

  @Test
  void aClockThatIsWrongByYearsIsRefused() throws IOException {
    night(11);
    String before = status(at(11, "13:00"));

    for (Instant wrong : List.of(Instant.EPOCH, Instant.parse("2999-06-12T12:30:00Z"))) {
      Installation.Ended ended = installation.at(wrong).run("run", "nightly");
      assertThat(ended.code()).as(ended.said()).isEqualTo(78);
      assertThat(ended.said())
          .contains("the clock of this machine says " + wrong)
          .contains("allowed: the years from 2018 to the API's next year");
    }
    assertThat(installation.at(Instant.EPOCH).run("status", "nightly").code()).isEqualTo(78);
    assertThat(status(at(11, "13:00"))).as("such runs are not recorded").isEqualTo(before);
  }

  @Test
  void outlinesThatCannotBeSavedAreNamedAsSuch() throws IOException {
    night(11);
    Path outlines = installation.warehouse().resolve("_fathom/outlines");
    Files.createDirectory(outlines.resolve("another"));
    Files.writeString(outlines.resolve("another/file"), "of another program");
    Files.writeString(outlines.resolve("other.bin"), "of another program");

    assertThat(night(12).said()).doesNotContain("cannot save", "cannot write");
    assertThat(outlines.resolve("another/file")).exists();
    assertThat(outlines.resolve("other.bin")).exists();

    Files.move(outlines, directory.resolve("away"));
    Files.writeString(outlines, "no directory");
    assertThat(night(13).said())
        .contains("cannot save the outlines of the Parquet files in " + outlines)
        .contains("move away what is in their place")
        .doesNotContain("coverage file", "the next run does it");
    assertThat(status(at(13, "13:00"))).startsWith("3 of 3 sites are complete");
  }

  @Test
  void theNamesOfTheSitesAreInOrder() throws IOException {
    night(11);
    List<String> ids = new ArrayList<>();
    json(at(11, "13:00")).path("site_names").fieldNames().forEachRemaining(ids::add);
    assertThat(ids).hasSizeGreaterThan(2).isSorted();
  }

  @Test
  void aRunRefusesTheClockThatACheckRefuses() {
    api.behave(Behaviour.unlimited());
    int reports = api.log().aggregations().size();
    for (Duration wrong : List.of(Duration.ofDays(1), Duration.ofMinutes(-5))) {
      installation.onMachineAt(API.plus(wrong));
      for (String[] command :
          List.of(
              new String[] {"run", "nightly"},
              new String[] {"plan", "nightly"},
              new String[] {"snapshot", "nightly"},
              new String[] {"backfill", "nightly", "--from", "-2d", "--to", "yesterday"})) {
        Installation.Ended ended = installation.run(command);
        assertThat(ended.code()).as(ended.said()).isEqualTo(78);
        assertThat(ended.said())
            .contains("this machine's clock is ")
            .contains(
                wrong.isNegative()
                    ? " s behind the API's: set the clock; otherwise days are not exported"
                    : " is 24 h ahead of the API's: set the clock; otherwise days are exported"
                        + " before they have ended");
      }
    }
    assertThat(api.log().aggregations()).hasSize(reports);
    assertThat(status(API))
        .as("a clock that is off by minutes hides no other run")
        .contains("(exit 78): could not begin: this machine's clock is ")
        .doesNotContain("ahead of");
  }

  @Test
  void daysThatAreNotOverAreNamed() throws IOException {
    night(13);
    assertThat(status(at(13, "14:00"))).startsWith("3 of 3 sites are complete to yesterday.");

    String early = status(at(11, "14:00"));
    assertThat(early)
        .startsWith("0 of 3 sites are complete")
        .contains("! 2 days not over")
        .contains("2026-06-11 .. 2026-06-12 is stored although it is not over")
        .contains("backfill nightly --from 2026-06-11 --to 2026-06-12 --force");
    assertThat(page(at(11, "14:00"))).contains("2 days not over", "although it is not over");
    assertThat(installation.at(at(11, "14:00")).run("status", "nightly", "--check").code())
        .isEqualTo(65);
    assertThat(status(at(13, "14:00"), "--as-of", "2026-06-11"))
        .as("another day that is asked about is not the clock")
        .doesNotContain("not over");
  }
}
