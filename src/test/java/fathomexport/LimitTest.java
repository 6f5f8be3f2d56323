package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.RequestLog;
import fathomexport.simulator.behaviour.ApiRequest;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.World;
import fathomexport.testing.Fixture;
import fathomexport.testing.Installation;
import fathomexport.testing.Landed;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The most rows that the API lets one ask for is found in a few requests, once an account. */
class LimitTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 10, 1);
  private static final LocalDate LAST = LocalDate.of(2025, 11, 9);
  private static final Instant NOW = Instant.parse("2025-11-10T14:00:00Z");
  private static final List<String> SITES = List.of("A", "B");

  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("pages_daily", "day", "pathname"),
          Question.pageviews("browsers_hourly", "hour", "browser"));

  @TempDir Path directory;
  @RegisterExtension final Fixture fixture = new Fixture();
  private TestDatabase database;
  private FathomSimulator api;

  @BeforeEach
  void start() throws IOException {
    database = fixture.database(REPORTS);
    api = fixture.api(world(), Behaviour.unlimited());
  }

  /** Days of 60 rows, but for one of 130: more than the lowest of the maxima. */
  private static World world() {
    World world = World.empty();
    for (String site : SITES) {
      world.addSite(site, ZoneId.of("Europe/London"));
      for (LocalDate day = FIRST; !day.isAfter(LAST); day = day.plusDays(1)) {
        int rows = day.getDayOfMonth() == 20 ? 130 : 60;
        for (int i = 0; i < rows; i++) {
          world.add(
              site,
              world
                  .viewAt(site, day.atTime(i % 24, i % 60, 7))
                  .path("/page-" + i)
                  .with(Dimension.BROWSER, i % 2 == 0 ? "Firefox" : "Chrome"));
        }
      }
    }
    return world;
  }

  /** As it is shipped: without a word about the limit. */
  private Installation shipped(String sinks, List<Question> reports) {
    return new Installation(
            directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
        .settings(
            """
            api:
              base_url: %s
              token: {env: %s}
              requests_per_minute: 1000
            postgres:
              url: %s
              user: %s
              password: {env: %s}
            parquet:
              root: warehouse
            """
                .formatted(
                    api.baseUri(),
                    Installation.TOKEN_VARIABLE,
                    database.url(),
                    database.user(),
                    TestDatabase.PASSWORD_VARIABLE))
        .pipeline("all", "all", sinks, reports);
  }

  private static Installation.Ended backfill(Installation installation, String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of("backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString()));
    arguments.addAll(List.of(more));
    return installation.run(arguments.toArray(new String[0]));
  }

  private long refused() {
    return api.log().aggregations().stream().filter(e -> e.status() == 400).count();
  }

  private void assertTrue(Installation.Ended ended) {
    assertThat(ended.code()).as(ended.said()).isZero();
    for (Question report : REPORTS) {
      for (String site : SITES) {
        assertThat(
                Landed.differences(
                    report.expected(api.world(), api.truth(), site, FIRST, LAST),
                    Landed.inPostgres(database, report).stream()
                        .filter(row -> site.equals(row.get(0)))
                        .toList()))
            .as("%s of %s: %s", report.name(), site, ended.said())
            .isEmpty();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"500, true, 1", "500, false, 2"})
  void aMaximumIsLearnedOnce(int maximum, boolean named, int moreRequests) throws IOException {
    learnedOnce(maximum, named, moreRequests);
  }

  @ParameterizedTest
  @CsvSource({"1000, true, 0", "100, true, 1", "1000, false, 0", "100, false, 2"})
  @Tag("chaos")
  void anyMaximumIsLearnedOnce(int maximum, boolean named, int moreRequests) throws IOException {
    learnedOnce(maximum, named, moreRequests);
  }

  private void learnedOnce(int maximum, boolean named, int moreRequests) throws IOException {
    Behaviour limited = Behaviour.unlimited().withMaximumLimit(maximum).withMaximumNamed(named);
    api.behave(limited);
    Installation installation = shipped("[postgres, parquet]", REPORTS);

    assertTrue(backfill(installation));

    assertThat(refused()).isEqualTo(moreRequests);
    api.log().clear();

    assertTrue(backfill(installation, "--force"));

    assertThat(refused()).as("the next night").isZero();
    Installation.Ended plan =
        installation.run(
            "plan",
            "all",
            "--from",
            FIRST.toString(),
            "--to",
            LAST.toString(),
            "--force",
            "--json");
    // An estimate where days come one to an answer; far from it with the limit that was refused.
    int made = api.log().aggregations().size();
    assertThat(new ObjectMapper().readTree(plan.out()).path("likely_requests").intValue())
        .as("plan counts with what was learned")
        .isBetween(made * 9 / 10, made * 11 / 10);
    assertThat(
            database
                .query("SELECT DISTINCT number FROM fathom_ops.learned WHERE kind = 'limit'")
                .toString())
        .isEqualTo(maximum == 1000 ? "[]" : "[[" + maximum + "]]");
  }

  /**
   * A larger limit is tried because it was configured, and the files know as well as the tables.
   */
  @Test
  void aLargerLimitIsGivenUp() {
    givenUp(false);
  }

  @Test
  @Tag("chaos")
  void aLargerLimitIsGivenUpForANamedOne() {
    givenUp(true);
  }

  private void givenUp(boolean named) {
    api.behave(Behaviour.unlimited().withMaximumLimit(1_000).withMaximumNamed(named));
    Installation installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
            .settings(10_000)
            .pipeline("all", "all", "[parquet]", REPORTS);

    Installation.Ended ended = backfill(installation);

    assertThat(ended.code()).as(ended.said()).isZero();
    assertThat(refused()).isEqualTo(1);
    api.log().clear();

    assertThat(backfill(installation, "--force").code()).isZero();

    assertThat(refused()).isZero();
    assertThat(api.log().aggregations())
        .allSatisfy(e -> assertThat(e.request().parameter("limit")).isEqualTo("1000"));
    assertThat(installation.run("status", "all").out()).contains("1,000 rows");
    assertThat(installation.run("explain", "pages_daily", "A", LAST.toString()).out())
        .contains("1,000 rows");
  }

  private List<List<@Nullable Object>> learnedLimits() {
    return database.query("SELECT DISTINCT number FROM fathom_ops.learned WHERE kind = 'limit'");
  }

  /** A single refusal that another cause had: the next request asks for as many rows as before. */
  @Test
  void oneStrayRefusalIsNoLimit() {
    api.behave(Behaviour.unlimited().withFault(FaultRule.first(1, r -> true, badRequest())));

    assertTrue(backfill(shipped("[postgres, parquet]", REPORTS)));

    assertThat(refused()).isEqualTo(1);
    assertThat(learnedLimits()).isEmpty();
    assertThat(
            api.log().aggregations().stream()
                .filter(e -> !"1000".equals(e.request().parameter("limit"))))
        .as("requests with a lower limit")
        .hasSize(1);
  }

  /**
   * A single refusal that another cause had, once it is known that so many rows may be asked for:
   * the next request asks for as wide a range as before.
   */
  @Test
  void oneStrayRefusalIsNoRange() {
    api.behave(
        Behaviour.unlimited()
            .withFault(
                FaultRule.first(
                    1,
                    r -> r.aggregation() > 0 && "pathname".equals(r.parameter("field_grouping")),
                    badRequest())));

    assertTrue(backfill(shipped("[postgres, parquet]", REPORTS)));

    assertThat(refused()).isEqualTo(1);
    assertThat(database.query("SELECT * FROM fathom_ops.learned WHERE kind = 'max_days'"))
        .isEmpty();
    assertThat(
            api.log().aggregations().stream()
                .map(RequestLog.Entry::request)
                .filter(r -> "pathname".equals(r.parameter("field_grouping")))
                .filter(
                    r ->
                        days(r) == 1
                            && !String.valueOf(r.parameter("date_to")).startsWith(LAST.toString())))
        .as("single days that were asked for")
        .hasSize(1);
  }

  /** The API refuses wide ranges without a word on them: found by two refusals, and remembered. */
  @Test
  void anUnnamedRangeIsLearnedFromTwoRefusals() {
    api.behave(
        Behaviour.unlimited()
            .withFault(
                FaultRule.when(
                    r ->
                        r.aggregation() > 0
                            && "day".equals(r.parameter("date_grouping"))
                            && r.parameter("field_grouping") != null
                            && days(r) > 25,
                    badRequest())));
    Installation installation = shipped("[postgres]", REPORTS);

    assertTrue(backfill(installation));

    assertThat(refused()).isEqualTo(2);
    assertThat(database.query("SELECT number FROM fathom_ops.learned WHERE kind = 'max_days'"))
        .isEqualTo(List.of(List.of(19)));
    api.log().clear();
    assertTrue(backfill(installation, "--force"));
    assertThat(refused()).as("the next night").isZero();
  }

  /** Answers that were cut short once, with a control and without one: no cap is learned. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void oneShortAnswerIsNoCap(boolean control) {
    api.behave(
        Behaviour.unlimited()
            .withFault(
                FaultRule.when(
                    r -> !control && r.aggregation() > 0 && r.parameter("field_grouping") == null,
                    badRequest()))
            .withFault(
                FaultRule.first(
                    1,
                    r -> r.aggregation() > 0 && r.parameter("field_grouping") != null,
                    Fault.body(
                        IntStream.range(0, 37)
                            .mapToObj(
                                i ->
                                    "{'date':'%s','pathname':'/page-%d','visits':'1','uniques':'1','pageviews':'1','avg_duration':'0','bounce_rate':'100'}"
                                        .formatted(FIRST, i))
                            .collect(Collectors.joining(",", "[", "]"))
                            .replace('\'', '"')))));
    List<Question> reports = List.of(REPORTS.get(1));

    Installation.Ended ended = backfill(shipped("[postgres]", reports));

    assertThat(ended.code()).as(ended.said()).isZero();
    for (String site : SITES) {
      assertThat(
              Landed.differences(
                  reports.get(0).expected(api.world(), api.truth(), site, FIRST, LAST),
                  Landed.inPostgres(database, reports.get(0)).stream()
                      .filter(row -> site.equals(row.get(0)))
                      .toList()))
          .as(ended.said())
          .isEmpty();
    }
    assertThat(database.query("SELECT * FROM fathom_ops.learned WHERE kind = 'row_cap'")).isEmpty();
  }

  /** A cap that is there is found, at no more requests than it takes to page through it. */
  @Test
  void aCapIsLearnedFromTwoAnswers() {
    api.behave(Behaviour.unlimited().withSilentRowCap(150));
    Installation installation = shipped("[postgres]", REPORTS);

    assertTrue(backfill(installation));

    assertThat(database.query("SELECT number FROM fathom_ops.learned WHERE kind = 'row_cap'"))
        .isEqualTo(List.of(List.of(150)));
    int first = api.log().aggregations().size();
    api.log().clear();
    assertTrue(backfill(installation, "--force"));
    assertThat(first - api.log().aggregations().size())
        .as("what it took to find the cap")
        .isLessThanOrEqualTo(2);
  }

  /** On the first day of a month: what no longer holds is forgotten, what holds stays. */
  @Test
  void aLearnedLimitIsTriedAgainEachMonth() {
    api.behave(Behaviour.unlimited().withMaximumLimit(500).withMaximumNamed(false));
    Installation installation = shipped("[postgres, parquet]", REPORTS);
    assertTrue(backfill(installation));
    assertThat(refused()).as("two refusals are evidence").isEqualTo(2);
    assertThat(learnedLimits()).isEqualTo(List.of(List.of(500)));
    Instant later = Instant.parse("2025-12-01T14:00:00Z");
    api.log().clear();

    assertTrue(backfill(installation.at(later), "--force"));

    assertThat(refused()).as("one request finds out that it still holds").isEqualTo(1);
    assertThat(learnedLimits()).isEqualTo(List.of(List.of(500)));
    api.behave(Behaviour.unlimited());
    api.log().clear();

    assertTrue(backfill(installation.at(later.plus(31, ChronoUnit.DAYS)), "--force"));

    assertThat(refused()).isZero();
    assertThat(learnedLimits()).isEmpty();
  }

  /** The same for a range: one rule for both. */
  @Test
  void aLearnedRangeIsTriedAgainEachMonth() {
    api.behave(Behaviour.unlimited().withFault(refusesDailyRangesAbove(25)));
    Installation installation = shipped("[postgres, parquet]", REPORTS);
    assertTrue(backfill(installation));
    List<List<@Nullable Object>> learned = learnedRanges();
    assertThat(learned).isNotEmpty();
    Instant later = Instant.parse("2025-12-01T14:00:00Z");
    api.log().clear();

    assertTrue(backfill(installation.at(later), "--force"));

    assertThat(refused()).as("one request finds out that it still holds").isEqualTo(1);
    assertThat(learnedRanges()).isEqualTo(learned);
    api.behave(Behaviour.unlimited());
    api.log().clear();

    assertTrue(backfill(installation.at(later.plus(31, ChronoUnit.DAYS)), "--force"));

    assertThat(refused()).isZero();
    assertThat(learnedRanges()).isEmpty();
  }

  private List<List<@Nullable Object>> learnedRanges() {
    return database.query(
        "SELECT shape, number FROM fathom_ops.learned WHERE kind = 'max_days' ORDER BY shape");
  }

  private static FaultRule refusesDailyRangesAbove(int days) {
    return FaultRule.when(
        r -> r.aggregation() > 0 && "day".equals(r.parameter("date_grouping")) && days(r) > days,
        badRequest());
  }

  private static Fault badRequest() {
    return new Fault.Status(400, "application/json", "{\"error\":\"Bad request.\"}", Map.of());
  }

  /** Both refused in the same words: each is found, neither is taken for the other. */
  @Test
  void aLimitAndARangeThatAreBothRefused() {
    api.behave(
        Behaviour.unlimited()
            .withMaximumLimit(500)
            .withMaximumNamed(false)
            .withFault(refusesDailyRangesAbove(10)));
    Installation installation = shipped("[postgres]", REPORTS);

    assertTrue(backfill(installation));

    assertThat(refused()).isLessThanOrEqualTo(12);
    api.log().clear();
    assertTrue(backfill(installation, "--force"));
    assertThat(refused()).as("the next night").isZero();
    assertThat(
            database.query(
                "SELECT min(number), max(number) FROM fathom_ops.learned WHERE kind = 'limit'"))
        .isEqualTo(List.of(List.of(500, 500)));
  }

  private static long days(ApiRequest request) {
    String from = String.valueOf(request.parameter("date_from"));
    String to = String.valueOf(request.parameter("date_to"));
    return ChronoUnit.DAYS.between(
            LocalDate.parse(from.substring(0, 10)), LocalDate.parse(to.substring(0, 10)))
        + 1;
  }

  /** What is about neither costs a few requests, and not again for each task. */
  @Test
  void aRefusalAboutSomethingElse() {
    api.behave(
        Behaviour.unlimited()
            .withFault(
                FaultRule.when(r -> r.aggregation() > 0 && "A".equals(r.site()), badRequest())));
    Installation installation = shipped("[postgres]", REPORTS);

    Installation.Ended ended = backfill(installation);

    assertThat(ended.code()).as(ended.said()).isEqualTo(78);
    // Four shapes, each with three limits of the whole range and of a single day; then each once
    // for every other week.
    assertThat(
            api.log().aggregations().stream().filter(e -> "A".equals(e.request().site())).count())
        .isLessThanOrEqualTo(4 * 6 + 5 * 2);
    assertNoneTwice();
    assertThat(
            database.query("SELECT * FROM fathom_ops.learned WHERE kind IN ('limit', 'max_days')"))
        .isEmpty();
    assertThat(
            Landed.differences(
                REPORTS.get(1).expected(api.world(), api.truth(), "B", FIRST, LAST),
                Landed.inPostgres(database, REPORTS.get(1))))
        .isEmpty();
  }

  /** No request of a site was refused and then sent again as it was. */
  private void assertNoneTwice() {
    assertThat(
            api.log().aggregations().stream()
                .filter(e -> e.status() == 400)
                .map(e -> e.request().parameters()))
        .doesNotHaveDuplicates();
  }

  /** Rows whose control is refused are stored without one; the refusal serves all of them. */
  @ParameterizedTest
  @CsvSource({"true, 78", "false, 0"})
  void aControlThatIsRefused(boolean isReport, int code) {
    api.behave(
        Behaviour.unlimited()
            .withFault(
                FaultRule.when(
                    r ->
                        r.aggregation() > 0
                            && "A".equals(r.site())
                            && String.valueOf(r.parameter("field_grouping")).length() < 5,
                    badRequest())));
    List<Question> grouped =
        List.of(
            Question.pageviews("pages_daily", "day", "pathname"),
            Question.pageviews("browsers_daily", "day", "browser"),
            Question.pageviews("countries_daily", "day", "country_code"),
            Question.pageviews("devices_daily", "day", "device_type"));
    List<Question> reports = new ArrayList<>(grouped);
    if (isReport) {
      reports.add(0, REPORTS.get(0));
    }

    Installation.Ended ended = backfill(shipped("[postgres]", reports));

    assertThat(ended.code()).as(ended.said()).isEqualTo(code);
    assertNoneTwice();
    assertThat(refused()).as("three limits of the range, and of a single day").isEqualTo(6);
    for (Question report : grouped) {
      assertThat(
              Landed.differences(
                  SITES.stream()
                      .flatMap(
                          site ->
                              report.expected(api.world(), api.truth(), site, FIRST, LAST).stream())
                      .toList(),
                  Landed.inPostgres(database, report)))
          .as(report.name())
          .isEmpty();
      assertThat(
              database.query(
                  "SELECT site_id, status, bool_and(reason LIKE 'no control is possible: the API"
                      + " refuses with 400%') FROM fathom_ops.ledger WHERE report = '"
                      + report.name()
                      + "' GROUP BY 1, 2 ORDER BY 1"))
          .as(report.name())
          .hasSize(2)
          .first()
          .isEqualTo(List.of("A", "uncertified", true));
    }
  }
}
