package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.RequestLog;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.Installation;
import fathomexport.testing.JumpingTime;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands that the user limits to some sites, reports or days, or to requests and minutes. */
class LimitedCommandTest {
  private static final LocalDate FIRST = LocalDate.of(2026, 6, 8);
  private static final LocalDate LAST = LocalDate.of(2026, 6, 20);
  private static final Instant NOW = Instant.parse("2026-06-18T14:00:00Z");
  private static final String ONE = "SITEONE";
  private static final String TWO = "SITETWO";

  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("pages_daily", "day", "pathname").measuring("pageviews"));

  @TempDir Path directory;
  private TestDatabase database;
  private FathomSimulator api;
  private Installation installation;

  @BeforeEach
  void install() throws IOException {
    database = TestDatabase.migrated(REPORTS);
    World world = World.empty();
    for (String site : List.of(ONE, TWO)) {
      world.addSite(site, ZoneId.of("Europe/Berlin"));
      FIRST
          .datesUntil(LAST.plusDays(1))
          .forEach(day -> world.add(site, world.viewAt(site, day.atTime(9, 0)).path("/a")));
    }
    api = FathomSimulator.start(world, Behaviour.unlimited());
    installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
            .pipeline("nightly", "all", "[postgres, parquet]", REPORTS);
  }

  @AfterEach
  void uninstall() {
    api.close();
    database.close();
  }

  private Installation.Ended done(String... arguments) {
    Installation.Ended ended = installation.run(arguments);
    assertThat(ended.code()).as(ended.said()).isZero();
    return ended;
  }

  private long rows(String table, String site) {
    return (Long)
        Objects.requireNonNull(
            database
                .query("SELECT count(*) FROM fathom." + table + " WHERE site_id = '" + site + "'")
                .get(0)
                .get(0));
  }

  private List<RequestLog.Entry> asked() {
    List<RequestLog.Entry> asked = api.log().aggregations();
    api.log().clear();
    return asked;
  }

  @Test
  void aRunOfOneReportOfOneSiteExportsNothingElseAndSaysSo() {
    done("run", "nightly", "--site", ONE, "--report", "pages_daily");

    assertThat(rows("pages_daily", ONE)).isEqualTo(4);
    assertThat(rows("pages_daily", TWO)).isZero();
    assertThat(asked()).allMatch(e -> ONE.equals(e.request().parameter("entity_id")));
    assertThat(database.query("SELECT command FROM fathom_ops.run ORDER BY started_at"))
        .containsExactly(List.of("run --site " + ONE + " --report pages_daily"));

    // The whole pipeline exports the rest on the same evening, and what is there is not asked for.
    done("run", "nightly");
    assertThat(rows("pages_daily", TWO)).isEqualTo(4);
    assertThat(rows("traffic_daily", ONE)).isEqualTo(4);
    assertThat(asked())
        .filteredOn(e -> ONE.equals(e.request().parameter("entity_id")))
        .noneMatch(e -> "pathname".equals(e.request().parameter("field_grouping")));
  }

  /**
   * The control of a limited run has the aggregates of the whole pipeline. With fewer, its totals
   * could not confirm the look-back, and the next whole run could not confirm that of the report.
   */
  @Test
  void theLookbackIsConfirmedWhicheverPartOfThePipelineRuns() {
    done("run", "nightly");
    asked();

    installation.at(NOW.plus(Duration.ofDays(1)));
    done("run", "nightly", "--report", "pages_daily", "--site", TWO);
    assertThat(asked())
        .extracting(e -> e.request().parameter("date_from"))
        .as("a control of the look-back, and the page of the new day")
        .containsExactly("2026-06-15 00:00:00", "2026-06-18 00:00:00");
    assertThat(rows("pages_daily", TWO)).isEqualTo(5);
    assertThat(rows("traffic_daily", TWO)).isEqualTo(4);

    installation.at(NOW.plus(Duration.ofDays(2)));
    done("run", "nightly");
    assertThat(asked())
        .filteredOn(e -> "pathname".equals(e.request().parameter("field_grouping")))
        .filteredOn(e -> TWO.equals(e.request().parameter("entity_id")))
        .extracting(e -> e.request().parameter("date_from"))
        .containsExactly("2026-06-19 00:00:00");
    assertThat(rows("traffic_daily", TWO)).isEqualTo(6);
    assertThat(done("verify", "nightly").out()).contains("all agree");
  }

  /** A night may be given fewer requests than it needs: the next run goes on where it ended. */
  @Test
  void aRunWithinRequestsEndsAtAWindowAndTheNextResumesIt() {
    Installation.Ended ended = installation.run("run", "nightly", "--max-requests", "2");
    assertThat(ended.code()).as(ended.said()).isEqualTo(75);
    assertThat(ended.said()).contains("of the 2 requests that the run may send", "2 windows left");
    assertThat(asked()).hasSizeBetween(1, 2);
    assertThat(rows("traffic_daily", ONE) + rows("traffic_daily", TWO)).isEqualTo(4);
    assertThat(rows("pages_daily", ONE) + rows("pages_daily", TWO)).isEqualTo(4);

    done("run", "nightly", "--max-requests", "2");
    assertThat(asked()).hasSizeBetween(1, 2);
    for (String site : List.of(ONE, TWO)) {
      assertThat(rows("traffic_daily", site)).isEqualTo(4);
      assertThat(rows("pages_daily", site)).isEqualTo(4);
    }
    assertThat(done("verify", "nightly").out()).contains("all agree");
  }

  /** Of files alone, where no database's clock counts: the first request takes two minutes. */
  @Test
  void aRunWithinMinutesBeginsNoWindowAfterThem() {
    installation.settings(
        "api: {base_url: "
            + api.baseUri()
            + ", token: {env: "
            + Installation.TOKEN_VARIABLE
            + "}, requests_per_minute: 1000}\nparquet: {root: warehouse}\n");
    installation.pipeline(
        "files",
        "[" + ONE + "]",
        "[parquet]",
        List.of(Question.pageviews("t", "day"), Question.pageviews("p", "day", "pathname")));
    JumpingTime time = new JumpingTime(NOW);
    api.behave(
        Behaviour.unlimited()
            .withFault(
                FaultRule.when(
                    request -> {
                      if (request.aggregation() == 1) {
                        time.pass(Duration.ofMinutes(2));
                      }
                      return false;
                    },
                    Fault.empty())));

    Installation.Ended ended = installation.on(time).run("run", "files", "--max-minutes", "1");

    assertThat(ended.code()).as(ended.said()).isEqualTo(75);
    assertThat(ended.said()).contains("the minute that the run may take is over", "1 window left");
    api.behave(Behaviour.unlimited());
    asked();
    done("run", "files", "--max-minutes", "1");
    assertThat(asked()).as("the window that was left").hasSize(1);
  }

  @Test
  void alimitThatLeavesRoomForNothingIsRefused() {
    for (String limit : List.of("--max-requests", "--max-minutes")) {
      Installation.Ended ended = installation.run("run", "nightly", limit, "0");
      assertThat(ended.code()).as(ended.said()).isEqualTo(2);
      assertThat(ended.err()).contains("--max-requests and --max-minutes must be 1 or more");
    }
    assertThat(asked()).isEmpty();
  }

  @Test
  void whatDoesNotExistIsRefusedWithTheNearestAndTheAllowed() {
    for (String command : List.of("run", "plan", "status", "verify")) {
      Installation.Ended report = installation.run(command, "nightly", "--report", "page_daily");
      assertThat(report.code()).as(report.said()).isEqualTo(2);
      assertThat(report.err())
          .contains("did you mean 'pages_daily'?", "it has: pages_daily, traffic_daily");
    }
    for (String command : List.of("run", "plan", "verify", "snapshot")) {
      Installation.Ended site = installation.run(command, "nightly", "--site", "SITEON");
      assertThat(site.code()).as(site.said()).isEqualTo(2);
      assertThat(site.err())
          .contains("--site SITEON", "did you mean 'SITEONE'?", "it lists: SITEONE, SITETWO");
    }
    assertThat(asked()).isEmpty();
    assertThat(database.query("SELECT command, exit_code FROM fathom_ops.run"))
        .as("as the command ended")
        .contains(List.of("run --site SITEON", 2));
    done("run", "nightly", "--site", ONE);
    Installation.Ended status = installation.run("status", "nightly", "--site", TWO);
    assertThat(status.code()).as(status.said()).isEqualTo(2);
    assertThat(status.err()).contains("nothing of this site is stored", "it has: SITEONE");

    installation.pipeline("listed", "[" + ONE + "]", "[parquet]", List.of());
    installation.pipeline(
        "listed", "[" + ONE + "]", "[parquet]", List.of(Question.pageviews("t", "day")));
    Installation.Ended listed =
        installation.run("backfill", "listed", "--from", "-3d", "--to", "yesterday", "--site", TWO);
    assertThat(listed.code()).as(listed.said()).isEqualTo(2);
    assertThat(listed.err()).contains("pipeline listed does not export this site", ONE);
  }

  @Test
  void statusAndPlanShowTheNamedPart() {
    done("run", "nightly");
    assertThat(done("status", "nightly", "--site", ONE).out())
        .contains(ONE, "1 of 1 sites")
        .doesNotContain(TWO);
    assertThat(done("status", "nightly", "--report", "pages_daily").out())
        .contains("pages_daily")
        .doesNotContain("traffic_daily");
    assertThat(
            done("plan", "nightly", "--from", "2026-06-08", "--to", "2026-06-13", "--site", TWO)
                .out())
        .contains(TWO + " (Site " + TWO + ")")
        .doesNotContain(ONE);
  }

  /** A limited run that fails or succeeds says nothing about the night. */
  @Test
  void aLimitedRunIsNoNight() throws IOException {
    done("run", "nightly", "--metrics-file", "night.prom");
    done("run", "nightly", "--force", "--site", ONE, "--metrics-file", "part.prom");
    assertThat(directory.resolve("part.prom")).content().contains("run --site " + ONE);
    assertThat(directory.resolve("night.prom")).content().doesNotContain("--site");
  }

  /** The success of a part is no success of the whole, nor the other way round. */
  @Test
  void aLimitedRunIsNotTheLastSuccessOfTheWhole() throws IOException {
    done("run", "nightly");
    api.behave(
        Behaviour.unlimited()
            .withFault(
                FaultRule.when(
                    r -> r.aggregation() > 0 && TWO.equals(r.site()),
                    new Fault.Status(403, "application/json", "{}", Map.of()))));
    installation.at(NOW.plus(Duration.ofDays(1)));
    done("run", "nightly", "--site", ONE, "--metrics-file", "part.prom");

    installation.at(NOW.plus(Duration.ofDays(1)).plusSeconds(60));
    Installation.Ended whole = installation.run("run", "nightly", "--metrics-file", "night.prom");
    assertThat(whole.code()).as(whole.said()).isEqualTo(77);
    Installation.Ended part =
        installation.run("run", "nightly", "--site", TWO, "--metrics-file", "other.prom");
    assertThat(part.code()).as(part.said()).isEqualTo(77);

    String success = "fathom_export_last_success_timestamp_seconds{pipeline=\"nightly\",command=";
    assertThat(directory.resolve("night.prom"))
        .content()
        .contains(success + "\"run\"} " + NOW.getEpochSecond() + ".000\n");
    assertThat(directory.resolve("part.prom"))
        .content()
        .contains(
            success
                + "\"run --site "
                + ONE
                + "\"} "
                + NOW.plus(Duration.ofDays(1)).getEpochSecond()
                + ".000\n");
    assertThat(directory.resolve("other.prom")).content().doesNotContain(success);
  }

  @Test
  void daysMayBeWrittenAsPeopleSayThem() {
    done("backfill", "nightly", "--from", "-7d", "--to", "yesterday", "--site", ONE);
    assertThat(database.query("SELECT min(date)::text, max(date)::text FROM fathom.pages_daily"))
        .containsExactly(List.of("2026-06-11", "2026-06-17"));
    done("backfill", "nightly", "--from", "2026-W24", "--to", "2026-06", "--site", ONE);
    assertThat(database.query("SELECT min(date)::text, max(date)::text FROM fathom.pages_daily"))
        .containsExactly(List.of("2026-06-08", "2026-06-17"));
    assertThat(done("explain", "pages_daily", ONE, "yesterday").out()).contains("2026-06-17");
    assertThat(done("explain", "pages_daily", ONE, "-2d").out()).contains("2026-06-16");

    Installation.Ended month = installation.run("explain", "pages_daily", ONE, "2026-06");
    assertThat(month.code()).isEqualTo(2);
    assertThat(month.err()).contains("is 30 days");
    Installation.Ended wrong =
        installation.run("backfill", "nightly", "--from", "2026-W54", "--to", "yesterday");
    assertThat(wrong.code()).isEqualTo(2);
    assertThat(wrong.err()).contains("2026-W54", "a week as 2026-W10");
    Installation.Ended reversed =
        installation.run("backfill", "nightly", "--from", "yesterday", "--to", "2026-05");
    assertThat(reversed.code()).isEqualTo(2);
    assertThat(reversed.err()).contains("--to 2026-05, 2026-05-31, lies before --from yesterday");
  }

  /** On the evening of the first run only four days are stored; no more are due. */
  @Test
  void verifyWithoutARangeTakesTheLookback() {
    // Two sites, two reports, two sinks, four days.
    done("run", "nightly");
    asked();
    assertThat(done("verify", "nightly").out())
        .contains("16 periods in postgres and parquet compared", "all agree");
    assertThat(asked())
        .isNotEmpty()
        .allMatch(e -> "2026-06-14 00:00:00".equals(e.request().parameter("date_from")))
        .allMatch(e -> "2026-06-17 23:59:59".equals(e.request().parameter("date_to")));
  }

  @Test
  void aRehearsalAnswersAsOfAnotherDayAndChangesNothing() {
    done("run", "nightly");
    assertThat(done("plan", "nightly").out()).contains("Nothing to do");
    assertThat(done("plan", "nightly", "--as-of", "2026-06-20").out())
        .contains("2026-06-16 .. 2026-06-19");
    assertThat(done("status", "nightly").out()).contains("2 of 2 sites");
    assertThat(done("status", "nightly", "--as-of", "2026-06-25").out()).contains("0 of 2 sites");
    assertThat(done("plan", "nightly").out()).contains("Nothing to do");
  }

  @Test
  void statusTellsAMonitorByItsExitCode() {
    assertThat(installation.run("status", "nightly", "--check").code()).isEqualTo(65);
    done("run", "nightly");
    Installation.Ended fine = done("status", "nightly", "--check", "--quiet");
    assertThat(fine.out()).isEmpty();
    Installation.Ended late =
        installation.run("status", "nightly", "--check", "--quiet", "--as-of", "2026-06-25");
    assertThat(late.code()).isEqualTo(65);
    assertThat(late.out()).contains("0 of 2 sites");
  }

  /** A list of events that the API refuses is named with its site, and with what to do. */
  @Test
  void aRefusedListOfEventsNamesTheSiteAndTheWayOut() {
    installation.pipeline(
        "nightly", "all", "[parquet]", List.of(Question.events("events_daily", "day")));
    api.behave(
        Behaviour.unlimited()
            .withFault(
                FaultRule.when(
                    r -> r.path().endsWith(TWO + "/events"),
                    new Fault.Status(404, "application/json", "{}", Map.of()))));

    Installation.Ended ended = installation.run("run", "nightly");

    assertThat(ended.code()).as(ended.said()).isEqualTo(77);
    assertThat(ended.out())
        .contains(
            "events of site " + TWO + " (Site " + TWO + "): the API refuses with 404",
            "reports on events lack this site",
            "move the reports on events to a separate pipeline",
            "`fathom-export sites`");
  }
}
