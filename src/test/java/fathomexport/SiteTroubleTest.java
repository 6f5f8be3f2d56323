package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.api.pacing.StopSignal;
import fathomexport.config.ConfigLoader;
import fathomexport.report.SiteId;
import fathomexport.run.Budget;
import fathomexport.run.ExportJob;
import fathomexport.run.Left;
import fathomexport.run.Patience;
import fathomexport.run.RunListener;
import fathomexport.run.RunResult;
import fathomexport.run.WindowOutcome;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.RequestLog;
import fathomexport.simulator.behaviour.ApiRequest;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.world.World;
import fathomexport.testing.Exporters;
import fathomexport.testing.JumpingTime;
import fathomexport.testing.Landed;
import fathomexport.testing.Question;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What goes wrong with one site, or for a time with all of the API, in a nightly run: the other
 * sites are complete in the same night, and each failure costs a bounded number of requests. Time
 * passes only where the exporter waits.
 */
class SiteTroubleTest {
  private static final Instant NOW = Instant.parse("2026-03-15T14:00:00Z");
  private static final LocalDate LAST = LocalDate.of(2026, 3, 13);

  /** In the look-back of every zone. */
  private static final LocalDate FIRST = LAST.minusDays(1);

  /** Requests that a query which fails each time costs: 2 turns, with 6 retries in all. */
  private static final int MOST_PER_QUERY = 8;

  /** Two attempts in each of two turns, for a site of which a query has failed before. */
  private static final int MOST_PER_QUERY_OF_THE_TROUBLED = 4;

  private static final List<Question> FIVE_REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("pages_daily", "day", "pathname"),
          Question.pageviews("referrers_daily", "day", "referrer_hostname"),
          Question.pageviews("countries_daily", "day", "country_code"),
          Question.pageviews("devices_daily", "day", "device_type"));

  /** 5 attempts at a question in its first turn, 2 in its second: for all reports together. */
  private static final int MOST_PER_QUESTION_OF_ALL = 7;

  @TempDir Path directory;

  private final JumpingTime time = new JumpingTime(NOW);
  private final List<String> waits = new CopyOnWriteArrayList<>();
  private final World world = World.dozen(17, FIRST.minusDays(3), LAST.plusDays(2), 0);
  private final Behaviour normal = Behaviour.standard();
  private FathomSimulator api;
  private List<String> sites = List.of();
  private Optional<StopSignal> stopAtWait = Optional.empty();
  private final List<WindowOutcome> outcomes = new CopyOnWriteArrayList<>();

  @BeforeEach
  void start() throws IOException {
    api = FathomSimulator.start(world, normal, 0, time, time::pass);
    sites =
        world.sites().stream()
            .map(s -> s.id())
            .filter(id -> !id.equals(World.EMPTY_SITE))
            .limit(7)
            .toList();
  }

  @AfterEach
  void end() {
    api.close();
  }

  private RunResult night(List<Question> reports, Patience patience) throws IOException {
    return night(reports, patience, new StopSignal());
  }

  private RunResult night(List<Question> reports, Patience patience, StopSignal stop)
      throws IOException {
    Path pipeline = Files.createDirectories(directory.resolve("pipelines")).resolve("nightly.yaml");
    Files.writeString(
        pipeline,
        "sites: all\nsinks: [parquet]\nreports:\n"
            + reports.stream().map(Question::yaml).collect(Collectors.joining()));
    RunListener listener =
        new RunListener() {
          @Override
          public void windowEnded(WindowOutcome outcome) {
            outcomes.add(outcome);
          }

          @Override
          public void waitingLong(Instant until, String reason) {
            waits.add(until + " " + reason);
            stopAtWait.ifPresent(StopSignal::stop);
          }
        };
    return Exporters.toFiles(api.baseUri(), directory.resolve("warehouse"), time, stop, listener)
        .run(
            new ExportJob(
                "nightly",
                new ConfigLoader(directory).pipeline("nightly").orThrow().reports(),
                sites.isEmpty()
                    ? Optional.empty()
                    : Optional.of(sites.stream().map(SiteId::new).toList()),
                3,
                false,
                true),
            false,
            Budget.UNLIMITED,
            patience,
            List.of());
  }

  private void assertComplete(List<Question> reports, List<String> of) {
    for (Question report : reports) {
      List<List<@org.jspecify.annotations.Nullable Object>> expected = new ArrayList<>();
      of.forEach(site -> expected.addAll(report.expected(world, api.truth(), site, FIRST, LAST)));
      List<List<@org.jspecify.annotations.Nullable Object>> landed =
          Landed.inParquet(directory.resolve("warehouse"), report).stream()
              .filter(row -> of.contains(String.valueOf(row.get(0))))
              .filter(
                  row -> {
                    LocalDate day = LocalDate.parse(String.valueOf(row.get(1)));
                    return !day.isBefore(FIRST) && !day.isAfter(LAST);
                  })
              .toList();
      assertThat(Landed.differences(expected, landed)).as(report.name()).isEmpty();
    }
  }

  /** The fewest requests for five reports of these sites: of a silent one the control alone. */
  private int least(List<String> of) {
    return of.stream()
        .mapToInt(
            site ->
                FIVE_REPORTS.get(0).expected(world, api.truth(), site, FIRST, LAST).isEmpty()
                    ? 1
                    : FIVE_REPORTS.size())
        .sum();
  }

  private static boolean isGrouped(ApiRequest request) {
    String fields = request.parameter("field_grouping");
    return request.aggregation() > 0 && fields != null && !fields.isEmpty();
  }

  private List<String> without(List<String> sick) {
    return sites.stream().filter(s -> !sick.contains(s)).toList();
  }

  private List<RequestLog.Entry> about(List<String> some) {
    return api.log().aggregations().stream()
        .filter(e -> some.contains(String.valueOf(e.request().site())))
        .toList();
  }

  @Test
  void twoSitesWhoseGroupedQueriesTimeOut() throws IOException {
    List<String> sick = sites.subList(0, 2);
    Behaviour faulty =
        normal.withFault(
            FaultRule.when(r -> isGrouped(r) && sick.contains(r.site()), Fault.status(504)));
    api.behave(faulty);

    RunResult result = night(FIVE_REPORTS, Patience.LIMITED);

    assertThat(result.exitCode()).as(result.toString()).isEqualTo(75);
    assertComplete(FIVE_REPORTS, without(sick));
    assertComplete(FIVE_REPORTS.subList(0, 1), sick);
    assertThat(about(sick).size())
        .as("a bounded number of requests")
        .isLessThanOrEqualTo(2 * (1 + MOST_PER_QUERY + 3 * MOST_PER_QUERY_OF_THE_TROUBLED));
    assertThat(about(without(sick)))
        .as("the others cost what they cost")
        .hasSize(least(without(sick)));
    int lastHealthy =
        about(without(sick)).stream().mapToInt(e -> e.request().aggregation()).max().orElse(0);
    assertThat(lastHealthy)
        .as("are not kept waiting")
        .isLessThanOrEqualTo(least(without(sick)) + 2 * (1 + 5));
    assertThat(waits).as("the API is not taken for down").isEmpty();
    assertThat(outcomes.stream().mapToLong(WindowOutcome::requests).sum())
        .as("each request stands with a window, those of failing windows included")
        .isEqualTo(result.requests())
        .isEqualTo(api.log().aggregations().size());
    assertThat(result.messages())
        .hasSize(2 * 4)
        .allMatch(m -> sick.stream().anyMatch(m::contains) && m.contains("504"));

    // The next night the others go first.
    time.pass(Duration.ofDays(1));
    api.log().clear();
    assertThat(night(FIVE_REPORTS, Patience.LIMITED).exitCode()).isEqualTo(75);
    List<String> order =
        api.log().aggregations().stream().map(e -> String.valueOf(e.request().site())).toList();
    int firstSick = Math.min(order.indexOf(sick.get(0)), order.indexOf(sick.get(1)));
    assertThat(order.subList(firstSick, order.size()))
        .allMatch(sick::contains)
        .hasSizeLessThanOrEqualTo(2 * (1 + 4 * MOST_PER_QUERY_OF_THE_TROUBLED));
    api.behave(normal);
    assertThat(night(FIVE_REPORTS, Patience.LIMITED).exitCode()).isZero();
  }

  @Test
  void oneSiteWithEightFailingReportsListedFirst() throws IOException {
    List<Question> reports = new ArrayList<>();
    for (String field :
        List.of(
            "pathname",
            "referrer_hostname",
            "country_code",
            "device_type",
            "browser",
            "operating_system",
            "utm_source",
            "utm_medium")) {
      reports.add(Question.pageviews(field + "_daily", "day", field));
    }
    List<String> sick = sites.subList(0, 1);
    api.behave(
        normal.withFault(
            FaultRule.when(
                r -> r.aggregation() > 0 && sick.contains(r.site()), Fault.status(504))));

    RunResult result = night(reports, Patience.LIMITED);

    assertThat(result.exitCode()).as(result.toString()).isEqualTo(75);
    assertComplete(reports, without(sick));
    assertThat(about(sick))
        .as("their control is one question")
        .hasSize(MOST_PER_QUESTION_OF_ALL)
        .noneMatch(e -> isGrouped(e.request()));
    int lastHealthy =
        about(without(sick)).stream().mapToInt(e -> e.request().aggregation()).max().orElse(0);
    assertThat(lastHealthy).isLessThanOrEqualTo(about(without(sick)).size() + 5);
    assertThat(waits).isEmpty();
  }

  private static boolean isControl(ApiRequest request) {
    return request.aggregation() > 0 && !isGrouped(request);
  }

  /** The reports that share a control share its failure, too. */
  private RunResult controlFails(List<Question> reports, Fault fault, int code) throws IOException {
    List<String> sick = sites.subList(0, 1);
    api.behave(
        normal.withFault(FaultRule.when(r -> isControl(r) && sick.contains(r.site()), fault)));

    RunResult result = night(reports, Patience.LIMITED);

    assertThat(result.exitCode()).as(result.toString()).isEqualTo(code);
    assertComplete(reports, without(sick));
    assertThat(result.messages())
        .as("each report says why it has no rows")
        .hasSize(reports.size())
        .allMatch(m -> m.contains(sick.get(0)));
    return result;
  }

  @Test
  void aControlThatTimesOutIsOneQuestion() throws IOException {
    RunResult result = controlFails(FIVE_REPORTS, Fault.status(504), 75);

    assertThat(about(sites.subList(0, 1)))
        .hasSize(MOST_PER_QUESTION_OF_ALL)
        .noneMatch(e -> isGrouped(e.request()));
    assertThat(result.messages()).allMatch(m -> m.contains("504"));
    assertThat(outcomes)
        .filteredOn(o -> o.failure() != null && o.requests() == 0)
        .as("no window claims the attempts of another one")
        .isNotEmpty()
        .allMatch(o -> o.message().contains("the control query, which other windows need too"));
    assertThat(waits).as("the API is not taken for down").isEmpty();
    assertThat(outcomes.stream().mapToLong(WindowOutcome::requests).sum())
        .as("each request stands with a window")
        .isEqualTo(api.log().aggregations().size());
    api.behave(normal);
    assertThat(night(FIVE_REPORTS, Patience.LIMITED).exitCode()).isZero();
    assertComplete(FIVE_REPORTS, sites);
  }

  /** The control is no report of its own: whichever report needs it first asks for all. */
  @Test
  void aControlOfGroupedReportsThatTimesOutIsOneQuestion() throws IOException {
    RunResult result = controlFails(FIVE_REPORTS.subList(1, 5), Fault.status(504), 75);

    assertThat(about(sites.subList(0, 1)))
        .hasSize(MOST_PER_QUESTION_OF_ALL)
        .noneMatch(e -> isGrouped(e.request()));
    assertThat(result.messages()).allMatch(m -> m.contains("504"));
  }

  /** The second turn asks once more, for all reports. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void aControlThatTimesOutForAWhile(int firstReport) throws IOException {
    List<Question> reports = FIVE_REPORTS.subList(firstReport, 5);
    List<String> sick = sites.subList(0, 1);
    api.behave(
        normal.withFault(
            FaultRule.first(5, r -> isControl(r) && sick.contains(r.site()), Fault.status(504))));

    RunResult result = night(reports, Patience.LIMITED);

    assertThat(result.exitCode()).as(result.toString()).isZero();
    assertComplete(reports, sites);
    assertThat(about(sick)).hasSize(5 + 5);
  }

  /** What can never be used is asked twice, and not again by each report that needs it. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void aControlThatCanNeverBeUsed(int firstReport) throws IOException {
    List<Question> reports = FIVE_REPORTS.subList(firstReport, 5);

    RunResult result = controlFails(reports, Fault.body("[\"x\"]"), 65);

    assertThat(about(sites.subList(0, 1))).hasSize(2).noneMatch(e -> isGrouped(e.request()));
    assertThat(result.messages()).allMatch(m -> m.contains("row 1 is not an object"));
  }

  @Test
  void aControlThatIsNestedTooDeeply() throws IOException {
    controlFails(FIVE_REPORTS, Fault.body("[{\"x\":" + "[".repeat(20_000)), 65);

    assertThat(about(sites.subList(0, 1))).hasSize(2);
  }

  /** An answer that is well formed, but to another question. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void aControlAboutOtherDays(int firstReport) throws IOException {
    controlFails(
        FIVE_REPORTS.subList(firstReport, 5),
        Fault.body(
            "[{\"date\":\"2020-01-01\",\"visits\":1,\"uniques\":1,\"pageviews\":1,"
                + "\"avg_duration\":1,\"bounce_rate\":0}]"),
        65);

    assertThat(about(sites.subList(0, 1))).hasSize(2).noneMatch(e -> isGrouped(e.request()));
  }

  /** The API is away in the middle, for less than the run is patient: nothing is missing. */
  @Test
  void anApiThatIsDownForAWhile() throws IOException {
    downFor(120);
  }

  @ParameterizedTest
  @ValueSource(ints = {30, 480})
  @Tag("chaos")
  void anApiThatIsDownForLessOrLonger(int seconds) throws IOException {
    downFor(seconds);
  }

  private void downFor(int seconds) throws IOException {
    Instant[] from = {Instant.MAX};
    api.behave(
        normal.withFault(
            FaultRule.when(
                r -> {
                  if (r.aggregation() == 10) {
                    from[0] = time.instant();
                  }
                  return r.aggregation() > 0
                      && !time.instant().isBefore(from[0])
                      && time.instant().isBefore(from[0].plusSeconds(seconds));
                },
                Fault.status(503))));

    RunResult result = night(FIVE_REPORTS, Patience.LIMITED);

    assertThat(result.exitCode()).as(result.toString()).isZero();
    assertComplete(FIVE_REPORTS, sites);
    assertThat(outcomes.stream().mapToLong(WindowOutcome::requests).sum())
        .as("what a turn took in vain stands with the window that a later one filled")
        .isEqualTo(api.log().aggregations().size());
    assertThat(api.log().aggregations().size() - least(sites))
        .as("requests for nothing")
        .isLessThan(25);
  }

  @Test
  void anApiThatStaysDown() throws IOException {
    api.behave(normal.withFault(FaultRule.when(r -> r.aggregation() > 12, Fault.status(503))));

    RunResult result = night(FIVE_REPORTS, Patience.LIMITED);

    assertThat(result.exitCode()).as(result.toString()).isEqualTo(75);
    assertThat(api.log().aggregations()).hasSizeLessThanOrEqualTo(12 + 3 * 5 + 10);
    assertThat(result.messages())
        .as("what is missing is named")
        .hasSize((int) (result.windowsPlanned() - result.windowsCommitted()))
        .allMatch(
            m ->
                m.contains(
                    "has answered no query about this site or another one for 600 s, although"));
    api.behave(normal);
    assertThat(night(FIVE_REPORTS, Patience.LIMITED).exitCode()).isZero();
    assertComplete(FIVE_REPORTS, sites);
  }

  @Test
  void oneThatWaitsSitsOutAnApiThatIsDown() throws IOException {
    Instant until = NOW.plus(Duration.ofHours(5));
    api.behave(
        normal.withFault(FaultRule.when(r -> time.instant().isBefore(until), Fault.status(503))));

    RunResult result = night(FIVE_REPORTS, Patience.ENDLESS);

    assertThat(result.exitCode()).as(result.toString()).isZero();
    assertComplete(FIVE_REPORTS, sites);
    assertThat(time.instant()).isAfter(until);
  }

  /** A site of its own cannot be told from the API, but for the account that answers. */
  @Test
  void oneThatWaitsSitsOutAnApiThatIsDownForItsOnlySite() throws IOException {
    sites = sites.subList(0, 1);
    Instant until = NOW.plus(Duration.ofHours(5));
    api.behave(
        normal.withFault(
            FaultRule.when(
                r -> r.number() > 3 && time.instant().isBefore(until), Fault.status(503))));

    RunResult result = night(FIVE_REPORTS, Patience.ENDLESS);

    assertThat(result.exitCode()).as(result.toString()).isZero();
    assertComplete(FIVE_REPORTS, sites);
  }

  /**
   * The last two sites never answer, but the account does: they fail, not the API, and they come
   * last again.
   */
  @Test
  void twoLastSitesThatNeverAnswerFailByThemselves() throws IOException {
    List<String> sick = sites.subList(0, 2);
    api.behave(
        normal.withFault(
            FaultRule.when(
                r -> sick.contains(r.site()) && r.aggregation() > 0, Fault.status(504))));
    assertThat(night(FIVE_REPORTS, Patience.LIMITED).exitCode()).isEqualTo(75);
    time.pass(Duration.ofDays(1));
    RunResult second = night(FIVE_REPORTS, Patience.LIMITED);
    assertThat(second.exitCode()).as(second.toString()).isEqualTo(75);
    assertThat(second.messages())
        .as("each names its own site")
        .hasSize(2 * 5)
        .allMatch(m -> sick.stream().anyMatch(m::contains))
        .allMatch(m -> m.contains("no query about this site or another one for 600 s, although it"))
        .noneMatch(m -> m.contains("halted"))
        .noneMatch(m -> sick.stream().allMatch(m::contains));
    time.pass(Duration.ofDays(1));
    api.log().clear();

    assertThat(night(FIVE_REPORTS, Patience.LIMITED).exitCode()).isEqualTo(75);

    List<String> order =
        api.log().aggregations().stream().map(e -> String.valueOf(e.request().site())).toList();
    assertThat(order.subList(0, order.size() - about(sick).size()))
        .doesNotContainAnyElementsOf(sick);
    assertThat(about(without(sick))).isNotEmpty();
  }

  /** Two that never answer, while the account does: they fail for good, and the run ends. */
  @Test
  void oneThatWaitsDoesNotWaitForTwoSitesThatStayInTrouble() throws IOException {
    List<String> sick = sites.subList(sites.size() - 2, sites.size());
    api.behave(
        normal.withFault(
            FaultRule.when(
                r -> sick.contains(r.site()) && r.aggregation() > 0 && r.aggregation() < 500,
                Fault.status(504))));

    RunResult result = night(FIVE_REPORTS, Patience.ENDLESS);

    assertThat(result.exitCode()).as(result.toString()).isEqualTo(75);
    assertComplete(FIVE_REPORTS, without(sick));
    assertThat(about(sick)).hasSizeLessThanOrEqualTo(2 * 5 * MOST_PER_QUERY);
    assertThat(about(without(sick))).hasSize(least(without(sick)));
    assertThat(waits).isEmpty();
    assertThat(result.messages())
        .hasSize(2 * 5)
        .allMatch(m -> sick.stream().anyMatch(m::contains) && m.contains("504"));
  }

  /** Nothing is sent before its end, and one message says when that is. */
  @Test
  void aClosureThatIsNotSatOut() throws IOException {
    notSatOut(901);
  }

  @Test
  @Tag("chaos")
  void aLongClosureThatIsNotSatOut() throws IOException {
    notSatOut(3300);
  }

  private void notSatOut(int seconds) throws IOException {
    api.behave(normal.withClosure(new Behaviour.Closure(7, Duration.ofSeconds(seconds))));

    RunResult result = night(FIVE_REPORTS, Patience.LIMITED);

    assertThat(result.exitCode()).as(result.toString()).isEqualTo(75);
    assertThat(api.log().tooMany()).hasSize(1);
    assertThat(api.log().aggregations()).hasSize(8);
    Set<String> said =
        result.messages().stream()
            .filter(m -> !Left.isLeft(m))
            .map(m -> m.substring(m.indexOf(": the API") + 2))
            .collect(Collectors.toSet());
    assertThat(said).singleElement().satisfies(m -> assertThat(m).contains("until 2026-03-15T14"));
    assertThat(Left.in(result.messages())).as("what is left for the next run").isPresent();
  }

  @Test
  void aClosureThatIsSatOut() throws IOException {
    satOut(3300);
  }

  @ParameterizedTest
  @ValueSource(ints = {901, 40_000})
  @Tag("chaos")
  void aShorterOrLongerClosureThatIsSatOut(int seconds) throws IOException {
    satOut(seconds);
  }

  private void satOut(int seconds) throws IOException {
    api.behave(normal.withClosure(new Behaviour.Closure(7, Duration.ofSeconds(seconds))));

    RunResult result = night(FIVE_REPORTS, Patience.ENDLESS);

    assertThat(result.exitCode()).as(result.toString()).isZero();
    assertComplete(FIVE_REPORTS, sites);
    assertThat(api.log().tooMany()).as("nothing is sent too early").hasSize(1);
    assertThat(api.log().aggregations()).hasSize(least(sites) + 1);
    assertThat(waits).as("one line").hasSize(1);
    assertThat(time.passed()).isGreaterThan(Duration.ofSeconds(seconds));
  }

  /** Each odd record is named on one line; what is listed beside it is exported. */
  @Test
  void oddRecordsInTheListOfSites() throws IOException {
    String site = sites.get(0);
    List<String> odd =
        List.of(
            "{}",
            "{\"id\":\"\"}",
            "{\"id\":\"a\\nb\"}",
            "[]",
            "\"x\"",
            "{\"id\":\"..\"}",
            "{\"id\":\"" + "i".repeat(10_000) + "\"}");
    String list =
        "{\"object\":\"list\",\"has_more\":false,\"data\":["
            + String.join(",", odd)
            + ",{\"id\":\""
            + site
            + "\",\"timezone\":\""
            + world.site(site).orElseThrow().zone()
            + "\"}]}";
    api.behave(
        normal.withFault(FaultRule.when(r -> r.path().endsWith("/sites"), Fault.body(list))));
    sites = List.of();

    RunResult result = night(FIVE_REPORTS, Patience.LIMITED);

    assertThat(result.exitCode()).as(result.toString()).isEqualTo(65);
    assertThat(result.recordsSkipped()).isEqualTo(odd.size());
    assertThat(result.windowsIncomplete() + result.windowsFailed())
        .as("records are no windows")
        .isZero();
    assertComplete(FIVE_REPORTS, List.of(site));
    assertThat(result.messages())
        .hasSize(odd.size())
        .allSatisfy(
            m ->
                assertThat(m)
                    .contains("skipping a record of /sites")
                    .hasSizeLessThan(400)
                    .doesNotContain("\n"));
  }

  @Test
  void everyAnswerAsksToWait() throws IOException {
    api.behave(normal.withFault(FaultRule.when(r -> r.aggregation() > 0, Fault.tooMany("901"))));
    RunResult result = night(FIVE_REPORTS, Patience.LIMITED);
    assertThat(result.exitCode()).as(result.toString()).isEqualTo(75);
    assertThat(api.log().aggregations()).hasSize(1);
  }

  @Test
  void aStopEndsALongWait() throws IOException {
    api.behave(normal.withClosure(new Behaviour.Closure(7, Duration.ofHours(3))));
    StopSignal stop = new StopSignal();
    stopAtWait = Optional.of(stop);

    RunResult result = night(FIVE_REPORTS, Patience.ENDLESS, stop);

    assertThat(result.exitCode()).as(result.toString()).isEqualTo(143);
    assertThat(api.log().aggregations()).hasSize(8);
  }
}
