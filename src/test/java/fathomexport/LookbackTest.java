package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.RequestLog;
import fathomexport.simulator.behaviour.ApiRequest;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.Conversion;
import fathomexport.simulator.world.SimulatedSite;
import fathomexport.simulator.world.World;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What of the look-back is fetched again, what is confirmed, and what silence costs. */
class LookbackTest {
  private static final String SITE = "BERLIN";
  private static final ZoneId ZONE = ZoneId.of("Europe/Berlin");

  private static final LocalDate FIRST = LocalDate.of(2025, 10, 20);

  private static final LocalDate LAST = LocalDate.of(2025, 11, 15);
  private static final Instant NOW = Instant.parse("2025-10-28T14:00:00Z");
  private static final Question PAGES = Question.pageviews("pages_daily", "day", "pathname");
  private static final Question BROWSERS =
      Question.pageviews("browsers_daily", "day", "browser").measuring("pageviews");
  private static final Question GOALS = Question.events("goals_daily", "day", "browser");
  private static final List<Question> REPORTS = List.of(PAGES, BROWSERS);

  @TempDir Path directory;

  private final ObjectMapper json = new ObjectMapper();

  private static World world(String prefix) {
    World world = World.empty().addSite(SITE, ZONE).addEvent(SITE, "signup");
    for (LocalDate day = FIRST; !day.isAfter(LAST); day = day.plusDays(1)) {
      views(world, day, prefix);
    }
    return world;
  }

  private static void views(World world, LocalDate day, String prefix) {
    for (int hour = 8; hour < 20; hour += 3) {
      world.add(SITE, world.viewAt(SITE, day.atTime(hour, 5)).path(prefix + hour));
    }
  }

  private Installation install(TestDatabase database, FathomSimulator api) {
    return new Installation(
        directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW);
  }

  /** The night so many days after the first. */
  private static Installation.Ended night(Installation installation, int days, String... more) {
    String[] arguments =
        Stream.concat(Stream.of("run", "all"), Stream.of(more)).toArray(String[]::new);
    return installation.at(NOW.plus(Duration.ofDays(days))).run(arguments);
  }

  private static void assertDone(Installation.Ended ended) {
    assertThat(ended.code()).as(ended.said()).isZero();
  }

  /** What was asked: the fields, the grouping by date and the days of each request. */
  private static List<String> asked(FathomSimulator api) {
    List<String> asked =
        api.log().aggregations().stream()
            .map(RequestLog.Entry::request)
            .map(
                r ->
                    or(r.parameter("field_grouping"), "control")
                        + (r.parameter("date_grouping") == null ? " total " : " ")
                        + or(r.parameter("date_from"), "").substring(5, 10)
                        + ".."
                        + or(r.parameter("date_to"), "").substring(5, 10))
            .toList();
    api.log().clear();
    return asked;
  }

  private static boolean isControl(ApiRequest request) {
    return request.parameter("field_grouping") == null
        && "day".equals(request.parameter("date_grouping"));
  }

  private static String or(@Nullable String text, String other) {
    return text == null ? other : text;
  }

  private static void assertEqualToSource(
      TestDatabase database, FathomSimulator api, Question question, LocalDate from, LocalDate to) {
    String columns = String.join(", ", question.columns()).replace("date,", "date::text,");
    Set<String> stored =
        database
            .query(
                "SELECT "
                    + columns
                    + " FROM fathom."
                    + question.name()
                    + " WHERE date BETWEEN '"
                    + from
                    + "' AND '"
                    + to
                    + "'")
            .stream()
            .map(LookbackTest::text)
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> source =
        api.world().sites().stream()
            .flatMap(s -> question.expected(api.world(), api.truth(), s.id(), from, to).stream())
            .map(LookbackTest::text)
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(stored).as(question.name()).isEqualTo(source);
  }

  private static String text(List<?> row) {
    return row.stream()
        .map(c -> c instanceof Double d ? String.format("%.6f", d) : String.valueOf(c))
        .collect(Collectors.joining("|"));
  }

  private static List<List<Object>> confirmed(TestDatabase database) {
    return database.query(
        "SELECT report, period::text, confirmed_at IS NOT NULL FROM fathom_ops.ledger"
            + " WHERE confirmed_at IS NOT NULL ORDER BY report, period");
  }

  @Test
  void onlyDaysThatMovedAreFetchedAgain() throws IOException {
    World world = world("/");
    try (TestDatabase database = TestDatabase.migrated(REPORTS);
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation = install(database, api).pipeline("all", REPORTS);
      assertDone(night(installation, 0));
      assertThat(asked(api))
          .containsExactly("control 10-24..10-27", "pathname 10-24..10-27", "browser 10-24..10-27");
      List<FileTime> written = written(installation, "browsers_daily");

      // Nothing moved: the control confirms three days, and the fourth is new.
      assertDone(night(installation, 1));
      assertThat(asked(api))
          .containsExactly("control 10-25..10-28", "pathname 10-28..10-28", "browser 10-28..10-28");
      assertThat(confirmed(database)).hasSize(2 * 3);
      assertThat(
              database.query(
                  "SELECT DISTINCT run_id = confirmed_run FROM fathom_ops.ledger WHERE confirmed_at"
                      + " IS NOT NULL"))
          .containsExactly(List.of(false));
      assertThat(written(installation, "browsers_daily")).as("the new day").isNotEqualTo(written);

      // One day moved: it and the new one are few rows, so they are asked for at once.
      world.add(SITE, world.viewAt(SITE, LocalDate.of(2025, 10, 27).atTime(23, 0)).path("/late"));
      assertDone(night(installation, 2));
      assertThat(asked(api))
          .containsExactly("control 10-26..10-29", "pathname 10-27..10-29", "browser 10-27..10-29");
      assertEqualToSource(database, api, PAGES, FIRST.plusDays(4), LocalDate.of(2025, 10, 29));
      assertEqualToSource(database, api, BROWSERS, FIRST.plusDays(4), LocalDate.of(2025, 10, 29));
      assertThat(
              database.query(
                  "SELECT DISTINCT day::text FROM fathom_ops.restatement WHERE report ="
                      + " 'pages_daily'"))
          .containsExactly(List.of("2025-10-27"));
      assertThat(database.query("SELECT count(*) FROM fathom_ops.audit WHERE NOT agreed"))
          .containsExactly(List.of(0L));

      // The same night again costs nothing, and status takes what is confirmed for complete.
      assertDone(night(installation, 2));
      assertThat(asked(api)).isEmpty();
      assertThat(installation.run("status", "all").code()).isZero();
      JsonNode status = json.readTree(installation.run("status", "all", "--json").out());
      assertThat(status.path("sites_complete").intValue()).isEqualTo(1);

      assertThat(installation.run("explain", "pages_daily", SITE, "2025-10-26").out())
          .contains("confirmed at 2025-10-30T14:00:00Z against the control of run ")
          .contains("in postgres")
          .contains("in parquet");
      JsonNode parts =
          json.readTree(
                  installation.run("explain", "pages_daily", SITE, "2025-10-26", "--json").out())
              .path("parts");
      for (JsonNode part : parts) {
        assertThat(part.path("confirmed_at").textValue()).isEqualTo("2025-10-30T14:00:00Z");
        assertThat(part.path("fetched_at").textValue()).startsWith("2025-10-28T14:00:0");
      }
    }
  }

  private static List<FileTime> written(Installation installation, String report)
      throws IOException {
    try (Stream<Path> files = Files.walk(installation.warehouse().resolve(report))) {
      List<FileTime> times = new ArrayList<>();
      for (Path file : files.filter(f -> f.toString().endsWith(".parquet")).sorted().toList()) {
        times.add(Files.getLastModifiedTime(file));
      }
      return times;
    }
  }

  /** A change that no measure of the certificate shows shows in the control all the same. */
  @Test
  void aChangeOfWhatIsNotSummedIsSeen() throws IOException {
    World world = world("/");
    try (TestDatabase database = TestDatabase.migrated(REPORTS);
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation =
          install(database, api)
              .pipeline(
                  "all",
                  "all",
                  "[parquet]",
                  List.of(
                      GOALS,
                      PAGES.measuring("avg_duration"),
                      Question.pageviews("hours", "hour", "browser").measuring("visits")));
      world.add(SITE, Conversion.of("signup", world.instant(SITE, FIRST.plusDays(6).atTime(9, 0))));
      assertDone(night(installation, 0));
      api.log().clear();
      // In the same hour and with the same conversions, but another value.
      try (FathomSimulator other =
          FathomSimulator.start(
              world("/")
                  .add(
                      SITE,
                      Conversion.of("signup", world.instant(SITE, FIRST.plusDays(6).atTime(9, 0)))
                          .worth(500L)),
              Behaviour.unlimited())) {
        Installation moved = install(database, other);
        assertDone(night(moved, 1));
        // The new day of the event is silent, and was so before: nothing is asked about it.
        assertThat(asked(other))
            .contains("control 10-25..10-28", "browser 10-26..10-26")
            .doesNotContain("browser 10-25..10-28", "browser 10-26..10-28");
      }
    }
  }

  @Test
  void fetchTurnsConfirmationOffForAPipelineOrAReport() throws IOException {
    World world = world("/");
    try (TestDatabase database = TestDatabase.migrated(REPORTS);
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation = install(database, api);
      String yaml =
          "sites: all\nlookback: fetch\nsinks: [postgres]\nreports:\n"
              + PAGES.yaml()
              + BROWSERS.yaml()
              + "    lookback: confirm\n";
      installation.write("pipelines/all.yaml", yaml);
      assertDone(night(installation, 0));
      api.log().clear();

      assertDone(night(installation, 1));
      assertThat(asked(api))
          .containsExactly("control 10-25..10-28", "pathname 10-25..10-28", "browser 10-28..10-28");
      assertDone(night(installation, 1, "--force"));
      assertThat(asked(api))
          .containsExactly("control 10-25..10-28", "pathname 10-25..10-28", "browser 10-25..10-28");

      installation.write("pipelines/all.yaml", yaml.replace("lookback: fetch", "lookback: never"));
      Installation.Ended refused = night(installation, 2);
      assertThat(refused.code()).isEqualTo(78);
      assertThat(refused.err())
          .contains("all.yaml", "2", "lookback", "never")
          .contains("allowed: confirm, fetch");
    }
  }

  /** Numbers that move between groups while the total stands still. */
  @Test
  void anAuditThatFailsSwitchesConfirmationOff() throws IOException {
    try (TestDatabase database = TestDatabase.migrated(REPORTS)) {
      int night = 0;
      try (FathomSimulator api = FathomSimulator.start(world("/"), Behaviour.unlimited())) {
        Installation installation = install(database, api).pipeline("all", List.of(PAGES));
        while (night < 8) {
          assertDone(night(installation, night++));
        }
        assertThat(database.query("SELECT agreed, report FROM fathom_ops.audit"))
            .as("one audit of the week")
            .containsExactly(List.of(true, "pages_daily"));
        // A control and the new day each; the audited day is few rows more in one of them.
        assertThat(api.log().aggregations()).hasSize(8 * 2);
      }
      while (count(database, "SELECT count(*) FROM fathom_ops.audit WHERE NOT agreed") == 0) {
        assertThat(night).as("found within a week").isLessThan(16);
        // The same numbers, each night of other pages.
        try (FathomSimulator api =
            FathomSimulator.start(world("/" + night + "/"), Behaviour.unlimited())) {
          assertDone(night(install(database, api), night++));
        }
      }
      try (FathomSimulator api =
          FathomSimulator.start(world("/" + night + "/"), Behaviour.unlimited())) {
        Installation installation = install(database, api);
        assertThat(installation.run("status", "all").out())
            .contains("the look-back of BERLIN (Site BERLIN) is fetched, not confirmed");
        assertThat(
                json.readTree(installation.run("status", "all", "--json").out())
                    .path("lookback_fetched")
                    .get(0)
                    .path("site")
                    .textValue())
            .isEqualTo(SITE);
        assertThat(installation.at(NOW.plus(Duration.ofDays(night))).run("plan", "all").out())
            .contains("the look-back of BERLIN (Site BERLIN) is fetched, not confirmed");
        assertDone(night(installation, night));
        LocalDate yesterday = LocalDate.of(2025, 10, 27).plusDays(night);
        assertThat(asked(api).get(1))
            .isEqualTo(
                "pathname "
                    + yesterday.minusDays(3).toString().substring(5)
                    + ".."
                    + yesterday.toString().substring(5));
        assertEqualToSource(database, api, PAGES, yesterday.minusDays(3), yesterday);
        // The other ledger knows it, too.
        installation.pipeline("all", "all", "[parquet]", List.of(PAGES));
        assertThat(installation.run("status", "all").out()).contains("fetched, not confirmed");
      }
    }
  }

  /** One sink has the rows that moved, the other refused them: no control confirms both. */
  @Test
  void whatOnlyOneSinkTookIsNotConfirmed() throws IOException {
    LocalDate moved = LocalDate.of(2025, 10, 26);
    World other = World.empty().addSite(SITE, ZONE).addEvent(SITE, "signup");
    for (LocalDate day = FIRST; !day.isAfter(LAST); day = day.plusDays(1)) {
      views(other, day, day.equals(moved.plusDays(1)) ? "/other/" : "/");
    }
    other.add(SITE, other.viewAt(SITE, moved.atTime(23, 0)).path("/late"));
    try (TestDatabase database = TestDatabase.migrated(REPORTS);
        FathomSimulator before = FathomSimulator.start(world("/"), Behaviour.unlimited());
        FathomSimulator after = FathomSimulator.start(other, Behaviour.unlimited())) {
      Installation installation = install(database, before).pipeline("all", List.of(PAGES));
      assertDone(night(installation, 0));
      assertDone(night(installation, 1));
      database.execute(
          "ALTER TABLE fathom.pages_daily ADD CONSTRAINT plain CHECK (pathname NOT LIKE '/other%')");
      // The day that moved and the new one are asked for at once, with what lies in between.
      assertThat(night(install(database, after), 2).code()).isEqualTo(74);
      database.execute("ALTER TABLE fathom.pages_daily DROP CONSTRAINT plain");

      assertThat(database.query("SELECT agreed, period::text FROM fathom_ops.audit"))
          .containsExactly(List.of(false, moved.plusDays(1).toString()));
      // As if the run had been killed before it noted that.
      database.execute("DELETE FROM fathom_ops.audit");
      Files.delete(installation.warehouse().resolve("_fathom/audits.json"));

      assertDone(night(install(database, after), 3));

      assertEqualToSource(database, after, PAGES, moved.plusDays(1), moved.plusDays(4));
    }
  }

  private static long count(TestDatabase database, String sql) {
    return ((Number) database.query(sql).get(0).get(0)).longValue();
  }

  @Test
  void whereNothingHappensNothingMoreIsAsked() throws IOException {
    World world = World.empty().addSite(SITE, ZONE).addEvent(SITE, "signup");
    try (TestDatabase database = TestDatabase.migrated(REPORTS);
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation =
          install(database, api).pipeline("all", List.of(PAGES, BROWSERS, GOALS));
      for (int night = 0; night < 3; night++) {
        assertDone(night(installation, night));
        assertThat(asked(api)).hasSize(2).allMatch(q -> q.startsWith("control 10"));
      }
      assertThat(database.query("SELECT DISTINCT status, rows, stored FROM fathom_ops.ledger"))
          .containsExactly(List.of("certified", 0L, true));
      assertThat(count(database, "SELECT count(*) FROM fathom_ops.ledger")).isEqualTo(3 * 6);
    }
  }

  /** Where there was traffic day by day, silence is asked once more, and then believed. */
  @Test
  void aSuddenSilenceIsAskedOnceMore() throws IOException {
    World world = World.empty().addSite(SITE, ZONE);
    for (LocalDate day = FIRST; day.isBefore(LocalDate.of(2025, 10, 28)); day = day.plusDays(1)) {
      views(world, day, "/");
    }
    try (TestDatabase database = TestDatabase.migrated(REPORTS);
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation = install(database, api).pipeline("all", REPORTS);
      assertDone(night(installation, 0));
      api.log().clear();
      assertDone(night(installation, 1));
      assertThat(asked(api)).containsExactly("control 10-25..10-28", "control total 10-28..10-28");
      assertDone(night(installation, 2));
      assertThat(asked(api)).containsExactly("control 10-26..10-29");
      // The last days with traffic are confirmed; one of them may be the week's audit.
      assertDone(night(installation, 3));
      assertThat(asked(api))
          .contains("control 10-27..10-30")
          .noneMatch(q -> q.contains("total"))
          .allMatch(q -> q.startsWith("control") || q.endsWith(" 10-27..10-27"));
    }
  }

  /** A total that falls silent is asked once more, too: not compared with itself. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void aTotalThatFallsSilentIsAskedOnceMore(int silences) throws IOException {
    Question paths = Question.pageviews("paths_total", "none", "pathname");
    Question browsers = Question.pageviews("browsers_total", "none", "browser");
    try (TestDatabase database = TestDatabase.migrated(REPORTS);
        FathomSimulator api = FathomSimulator.start(world("/"), Behaviour.unlimited())) {
      Installation installation = install(database, api).pipeline("all", List.of(paths, browsers));
      String[] range = {"backfill", "all", "--from", "2025-10-24", "--to", "2025-10-27", "--force"};
      assertDone(installation.run(range));
      api.log().clear();
      AtomicInteger silent = new AtomicInteger(silences);
      api.behave(
          Behaviour.unlimited()
              .withFault(
                  FaultRule.when(
                      r ->
                          r.aggregation() > 0
                              && r.parameter("field_grouping") == null
                              && silent.getAndDecrement() > 0,
                      Fault.body(
                          "[{\"visits\":\"0\",\"uniques\":\"0\",\"pageviews\":\"0\","
                              + "\"avg_duration\":null,\"bounce_rate\":null}]"))));

      assertDone(installation.run(range));

      String control = "control total 10-24..10-27";
      if (silences == 1) {
        assertThat(asked(api))
            .as("the second answer counts")
            .containsExactly(
                control, control, "pathname total 10-24..10-27", "browser total 10-24..10-27");
        assertThat(count(database, "SELECT count(*) FROM fathom.paths_total")).isEqualTo(4);
      } else {
        assertThat(asked(api)).as("once for both reports").containsExactly(control, control);
        assertThat(count(database, "SELECT count(*) FROM fathom.paths_total")).isZero();
      }
    }
  }

  /** An answer that breaks off before the last day is not taken for a day without traffic. */
  @Test
  void aSilenceThatTheTotalContradictsIsIncomplete() throws IOException {
    World world = world("/");
    try (TestDatabase database = TestDatabase.migrated(REPORTS);
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation = install(database, api).pipeline("all", REPORTS);
      assertDone(night(installation, 0));
      api.log().clear();
      api.behave(
          Behaviour.unlimited()
              .withFault(
                  FaultRule.when(
                      LookbackTest::isControl,
                      new Fault.Status(200, "application/json", "[]", Map.of()))));

      Installation.Ended ended = night(installation, 1);

      assertThat(ended.code()).as(ended.said()).isEqualTo(65);
      assertThat(asked(api)).containsExactly("control 10-25..10-28", "control total 10-25..10-28");
      assertEqualToSource(
          database, api, PAGES, LocalDate.of(2025, 10, 24), LocalDate.of(2025, 10, 27));
      assertThat(ended.said())
          .contains("but the query for the total of 2025-10-25..2025-10-28 returned 16");
      api.behave(Behaviour.unlimited());
      assertDone(night(installation, 1));
      assertEqualToSource(
          database, api, PAGES, LocalDate.of(2025, 10, 24), LocalDate.of(2025, 10, 28));
      assertThat(count(database, "SELECT count(*) FROM fathom_ops.attempt"))
          .as("what had failed is fetched, so that the failure is settled")
          .isZero();
      assertThat(installation.run("status", "all", "--json").out())
          .contains("\"sites_complete\" : 1");
    }
  }

  /** Where no control is possible, silence about stored rows is asked once more, too. */
  @Test
  void anEmptyAnswerWithoutAControlReplacesNothingUnasked() throws IOException {
    World world = world("/");
    try (TestDatabase database = TestDatabase.migrated(REPORTS);
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation = install(database, api).pipeline("all", List.of(PAGES));
      assertDone(night(installation, 0));
      api.behave(
          Behaviour.unlimited()
              .withFault(FaultRule.when(LookbackTest::isControl, Fault.status(422)))
              .withFault(
                  FaultRule.when(r -> r.parameter("field_grouping") != null, Fault.body("[]"))));

      Installation.Ended ended = night(installation, 1);

      assertThat(ended.code()).as(ended.said()).isEqualTo(65);
      assertThat(ended.said())
          .contains("but the query for the total of 2025-10-25..2025-10-27 returned 12");
      assertEqualToSource(
          database, api, PAGES, LocalDate.of(2025, 10, 24), LocalDate.of(2025, 10, 27));
    }
  }

  /** A control query that failed is not "no control possible". */
  @Test
  void aControlThatFailedIsTriedLater() throws IOException {
    World world = world("/");
    try (TestDatabase database = TestDatabase.migrated(REPORTS);
        FathomSimulator api =
            FathomSimulator.start(
                world,
                Behaviour.unlimited()
                    .withFault(
                        FaultRule.when(
                            LookbackTest::isControl,
                            new Fault.Status(
                                408,
                                "application/json",
                                "{\"error\":\"timed out\"}",
                                Map.of()))))) {
      Installation installation = install(database, api).pipeline("all", REPORTS);
      Installation.Ended failed = night(installation, 0);
      assertThat(failed.code()).as(failed.said()).isEqualTo(75);
      assertThat(count(database, "SELECT count(*) FROM fathom_ops.ledger WHERE stored")).isZero();

      // What an older version stored without a control for such a reason is asked for again.
      api.behave(Behaviour.unlimited());
      assertDone(night(installation, 0));
      database.query(
          "WITH u AS (UPDATE fathom_ops.ledger SET status = 'uncertified', control_digest = NULL,"
              + " reason = 'no control totals could be had: the API refuses with 408: timed out'"
              + " RETURNING 1) SELECT count(*) FROM u");
      api.log().clear();
      assertDone(
          installation
              .pipeline("all", "all", "[postgres]", REPORTS)
              .at(NOW.plus(Duration.ofDays(20)))
              .run("backfill", "all", "--from", "2025-10-24", "--to", "2025-10-27"));
      assertThat(asked(api))
          .containsExactly("control 10-24..10-27", "pathname 10-24..10-27", "browser 10-24..10-27");
      assertThat(database.query("SELECT DISTINCT status FROM fathom_ops.ledger"))
          .containsExactly(List.of("certified"));

      // A control that the API refuses for what it asks is none for good.
      database.query(
          "WITH u AS (UPDATE fathom_ops.ledger SET status = 'uncertified', control_digest = NULL,"
              + " reason = 'no control is possible: the API refuses with 422: no' RETURNING 1)"
              + " SELECT count(*) FROM u");
      assertDone(installation.run("backfill", "all", "--from", "2025-10-24", "--to", "2025-10-27"));
      assertThat(asked(api)).isEmpty();
    }
  }

  /** Nothing to do is no answer to a person who asked for days: why they are skipped is. */
  @Test
  void aRangeOfSkippedDaysSaysWhy() throws IOException {
    World world =
        World.empty()
            .addSite(
                new SimulatedSite(SITE, "a site", ZONE, Instant.parse("2025-10-25T09:00:00Z")));
    try (TestDatabase database = TestDatabase.migrated(REPORTS);
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation =
          install(database, api).pipeline("all", "all", "[postgres, parquet]", List.of(PAGES));

      Installation.Ended ended =
          installation.run("backfill", "all", "--from", "2025-10-01", "--to", "2025-10-10");

      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(ended.said())
          .contains("10 periods are skipped: they lie before their site was added");
      assertThat(api.log().aggregations()).isEmpty();
    }
  }

  @Test
  void daysBeforeASiteWasAddedAreNotAskedFor() throws IOException {
    World world =
        World.empty()
            .addSite(new SimulatedSite(SITE, "a site", ZONE, Instant.parse("2025-10-25T09:00:00Z")))
            .addSite(new SimulatedSite("OLD", "old", ZONE, Instant.parse("2019-01-01T00:00:00Z")));
    for (LocalDate day = LocalDate.of(2025, 10, 25); !day.isAfter(LAST); day = day.plusDays(1)) {
      views(world, day, "/");
    }
    try (TestDatabase database = TestDatabase.migrated(REPORTS);
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation =
          install(database, api)
              .pipeline(
                  "all",
                  "all",
                  "[postgres, parquet]",
                  List.of(PAGES, Question.pageviews("months", "month", "pathname")));
      String[] range = {"--from", "2019-01-01", "--to", "2025-10-27"};
      JsonNode plan =
          json.readTree(
              installation
                  .run(
                      Stream.concat(Stream.of("plan", "all", "--json"), Stream.of(range))
                          .toArray(String[]::new))
                  .out());
      long days = LocalDate.of(2025, 10, 25).toEpochDay() - LocalDate.of(2019, 1, 1).toEpochDay();
      long accurate = LocalDate.of(2021, 3, 1).toEpochDay() - LocalDate.of(2019, 1, 1).toEpochDay();
      assertThat(plan.path("skipped_periods").longValue()).isEqualTo(days + 81 + accurate + 26);
      assertThat(plan.path("notes").toString()).contains("periods are skipped");
      assertThat(api.log().aggregations()).isEmpty();

      assertDone(
          installation.run(
              Stream.concat(Stream.of("backfill", "all"), Stream.of(range))
                  .toArray(String[]::new)));

      Set<String> first =
          api.log().aggregations().stream()
              .map(RequestLog.Entry::request)
              .map(
                  r ->
                      r.site()
                          + " "
                          + or(r.parameter("date_grouping"), "none")
                          + " "
                          + or(r.parameter("date_from"), "").substring(0, 10))
              .collect(Collectors.toCollection(TreeSet::new));
      assertThat(first)
          .contains("BERLIN day 2025-10-25", "BERLIN month 2025-10-01", "OLD day 2021-03-01");
      assertThat(first)
          .allMatch(
              q ->
                  q.compareTo("OLD") > 0
                      ? q.substring(q.length() - 10).compareTo("2021-03-01") >= 0
                      : q.substring(q.length() - 10).compareTo("2025-10-01") >= 0);
      assertEqualToSource(
          database, api, PAGES, LocalDate.of(2025, 10, 1), LocalDate.of(2025, 10, 27));
      JsonNode status = json.readTree(installation.run("status", "all", "--json").out());
      for (JsonNode line : status.path("lines")) {
        assertThat(line.path("missing").longValue()).as(line.toString()).isZero();
      }
      api.log().clear();
      assertDone(night(installation, 1));
      assertThat(api.log().aggregations().size()).isEqualTo(4 + 2);
    }
  }

  /** A run that was stopped in the middle asks nothing again that it had stored or confirmed. */
  @Test
  void aStoppedNightIsResumed() throws IOException {
    World world = World.empty();
    List<String> sites = IntStream.range(0, 3).mapToObj(i -> "SITE" + i).toList();
    for (String site : sites) {
      world.addSite(site, ZONE);
      for (LocalDate day = FIRST; !day.isAfter(LAST); day = day.plusDays(1)) {
        world.add(site, world.viewAt(site, day.atTime(9, 0)).path("/" + site));
      }
    }
    try (TestDatabase database = TestDatabase.migrated(REPORTS);
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation =
          install(database, api).settings(1000, 1000, "  account: one\n").pipeline("all", REPORTS);
      assertDone(night(installation, 0));
      List<String> whole = askedOf(api, () -> assertDone(night(installation, 1)));
      assertThat(whole).hasSize(3 * 3);

      api.behave(
          Behaviour.unlimited()
              .withFault(
                  FaultRule.when(
                      r ->
                          "SITE1".equals(r.site())
                              && "browser".equals(r.parameter("field_grouping")),
                      new Fault.Status(401, "application/json", "{\"error\":\"no\"}", Map.of()))));
      List<String> begun =
          askedOf(api, () -> assertThat(night(installation, 2).code()).isEqualTo(77));
      api.behave(Behaviour.unlimited());
      List<String> rest = askedOf(api, () -> assertDone(night(installation, 2)));
      assertThat(rest).as("of %s", begun).doesNotHaveDuplicates();
      // The control of the site that was under way may be asked again: its run was not cut short.
      rest.removeIf(q -> q.startsWith("SITE1 "));
      assertThat(rest).doesNotContainAnyElementsOf(begun);
    }
  }

  private static List<String> askedOf(FathomSimulator api, Runnable run) {
    api.log().clear();
    run.run();
    List<String> asked =
        api.log().aggregations().stream()
            .map(e -> e.request().site() + " " + e.request().parameters())
            .collect(Collectors.toCollection(ArrayList::new));
    api.log().clear();
    return asked;
  }
}
