package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.api.pacing.StopSignal;
import fathomexport.report.DayRange;
import fathomexport.run.ExportJob;
import fathomexport.run.RunListener;
import fathomexport.run.RunResult;
import fathomexport.run.WindowOutcome;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.RequestLog;
import fathomexport.simulator.behaviour.ApiRequest;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Quota;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.truth.Truth;
import fathomexport.simulator.truth.TruthQuery;
import fathomexport.simulator.world.SimulatedSite;
import fathomexport.simulator.world.World;
import fathomexport.testing.Exporters;
import fathomexport.testing.Installation;
import fathomexport.testing.JumpingTime;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import fathomexport.testing.TestReports;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Requests are money: no more of them than there must be, and never one too early. */
class RequestCountTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 9, 20);
  private static final LocalDate LAST = LocalDate.of(2025, 11, 8);
  private static final Instant NOW = Instant.parse("2025-11-10T14:00:00Z");
  private static final int ROW_LIMIT = 50;
  private static final int MAX_RANGE_DAYS = 30;

  @TempDir Path directory;

  /** What is asked, apart from which days: what the log's requests are counted by. */
  private record Asked(
      String site, String event, String dateGrouping, String fields, String filters)
      implements Comparable<Asked> {
    private static final Comparator<Asked> ORDER = Comparator.comparing(Asked::toString);

    static Asked of(ApiRequest request) {
      return new Asked(
          String.valueOf(request.site()),
          or(request.parameter("entity_name"), "-"),
          or(request.parameter("date_grouping"), "none"),
          or(request.parameter("field_grouping"), ""),
          or(request.parameter("filters"), "[]"));
    }

    static Asked of(String site, @Nullable String event, Question question) {
      return new Asked(
          site,
          or(event, "-"),
          question.dateGrouping(),
          String.join(",", question.fields()),
          question.filters().stream()
              .map(
                  f ->
                      "{\"property\":\"%s\",\"operator\":\"%s\",\"value\":\"%s\"}"
                          .formatted(f.property(), f.operator(), f.value()))
              .collect(Collectors.joining(",", "[", "]")));
    }

    private static String or(@Nullable String text, String other) {
      return text == null ? other : text;
    }

    @Override
    public int compareTo(Asked other) {
      return ORDER.compare(this, other);
    }
  }

  private Installation install(TestDatabase database, FathomSimulator api) {
    return new Installation(
        directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW);
  }

  private static Map<Asked, Integer> counts(RequestLog log) {
    Map<Asked, Integer> counts = new TreeMap<>();
    for (RequestLog.Entry entry : log.aggregations()) {
      counts.merge(Asked.of(entry.request()), 1, Integer::sum);
    }
    return counts;
  }

  /** The least for one question, over windows of so many days; empty with an over-limit day. */
  private static OptionalInt least(
      Truth truth, Question question, String site, @Nullable String event, int width) {
    int sum = 0;
    boolean grouped = !question.fields().isEmpty();
    for (LocalDate from = FIRST; !from.isAfter(LAST); from = from.plusDays(width)) {
      LocalDate to = from.plusDays(width - 1L);
      TruthQuery query = question.query(site, event, from, to.isAfter(LAST) ? LAST : to);
      if (grouped && truth.rows(query).isEmpty()) {
        // The control says so.
        continue;
      }
      OptionalInt pages = truth.fewestPages(query, ROW_LIMIT);
      if (pages.isEmpty()) {
        return pages;
      }
      sum += pages.getAsInt();
    }
    return OptionalInt.of(sum);
  }

  /**
   * Every question is asked as often as its rows need, and not where its control reports nothing;
   * besides one control a family (slice, grouping, filters), none where an ungrouped report is one.
   */
  @Test
  void requestsAreTheFewestPossible() throws IOException {
    List<Question> asked =
        List.of(
            Question.pageviews("traffic_daily", "day"),
            Question.pageviews("pages_daily", "day", "hostname", "pathname"),
            Question.pageviews("browsers_daily", "day", "browser"),
            Question.pageviews("countries_desktop", "day", "country_code")
                .where("device_type", "is", "Desktop"),
            Question.pageviews("devices_hourly", "hour", "device_type"),
            Question.events("goals_daily", "day", "referrer_source"));
    // Asked for by nobody, for their totals.
    List<Question> controls =
        List.of(
            Question.pageviews("control_desktop", "day").where("device_type", "is", "Desktop"),
            Question.pageviews("control_hours", "hour"),
            Question.events("control_goals", "day"));
    // The same questions, but for the aggregates.
    List<Question> free =
        List.of(
            Question.pageviews("visits_daily", "day").measuring("visits"),
            Question.pageviews("page_times_daily", "day", "hostname", "pathname")
                .measuring("avg_duration"));
    World world = World.dozen(11, FIRST, LAST, 0);
    List<Question> reports = new ArrayList<>(asked);
    reports.addAll(free);
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation =
          install(database, api)
              .settings(ROW_LIMIT, 1000, "  max_range_days: " + MAX_RANGE_DAYS + "\n")
              .pipeline("all", "[" + quiet(world) + "]", "[postgres]", reports);

      Installation.Ended ended = backfill(installation, "all");

      Truth truth = api.truth();
      Map<Asked, Integer> used = counts(api.log());
      Map<Asked, Integer> fewest = new TreeMap<>();
      List<Question> all = new ArrayList<>(asked);
      all.addAll(controls);
      for (SimulatedSite site : world.sites()) {
        for (Question question : all) {
          for (String event : question.slices(world, site.id())) {
            int width = question.dateGrouping().equals("hour") ? 7 : MAX_RANGE_DAYS;
            Asked key = Asked.of(site.id(), event, question);
            least(truth, question, site.id(), event, width)
                .ifPresentOrElse(n -> fewest.put(key, n), () -> used.remove(key));
          }
        }
      }
      used.keySet().removeIf(key -> key.site().equals(World.BUSY_SITE));
      // Where traffic breaks off at the end, that is asked once more, as one total.
      used.keySet().removeIf(key -> key.dateGrouping().equals("none") && key.fields().isEmpty());
      fewest.values().removeIf(n -> n == 0);
      fewest.keySet().removeIf(key -> key.site().equals(World.BUSY_SITE));
      assertThat(ended.code()).as(ended.said()).isZero();
      TreeMap<String, Integer> surplus = new TreeMap<>();
      used.forEach((key, n) -> surplus.merge(key.toString(), n, Integer::sum));
      fewest.forEach((key, n) -> surplus.merge(key.toString(), -n, Integer::sum));
      surplus.values().removeIf(n -> n == 0);
      assertThat(surplus).as("requests above or below the least").isEmpty();
      assertThat(fewest).hasSizeGreaterThan(90);
      assertThat(fewest.values().stream().filter(n -> n > 4).count())
          .as("questions that take pages")
          .isGreaterThan(20);
      assertThat(api.log().tooMany()).isEmpty();
    }
  }

  /** Ids of the sites that fit in a minute's permits. */
  private static String quiet(World world) {
    return world.sites().stream()
        .map(SimulatedSite::id)
        .filter(id -> !id.equals(World.BUSY_SITE))
        .collect(Collectors.joining(", "));
  }

  private static Installation.Ended backfill(Installation installation, String pipeline) {
    return installation.run(
        "backfill", pipeline, "--from", FIRST.toString(), "--to", LAST.toString());
  }

  @Test
  void thePlanIsWhatARunWithoutPagingUses() throws IOException {
    List<Question> reports =
        List.of(
            Question.pageviews("traffic_daily", "day"),
            Question.pageviews("pages_daily", "day", "pathname"),
            Question.pageviews("visits_of_pages_daily", "day", "pathname").measuring("visits"),
            Question.pageviews("browsers_hourly", "hour", "browser"),
            Question.pageviews("cities_monthly", "month", "city"),
            Question.pageviews("cities_yearly", "year", "city"),
            Question.pageviews("traffic_yearly", "year"),
            Question.pageviews("cities_total", "none", "city"),
            Question.pageviews("phones_total", "none", "city").where("device_type", "is", "Mobile"),
            Question.events("goals_daily", "day", "browser"),
            Question.events("goals_total", "none"));
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api =
            FathomSimulator.start(World.dozen(12, FIRST, LAST, 0), Behaviour.unlimited())) {
      Installation installation =
          install(database, api).settings(1_000_000).pipeline("all", reports);
      ObjectMapper json = new ObjectMapper();

      Installation.Ended planned =
          installation.run(
              "--json", "plan", "all", "--from", FIRST.toString(), "--to", LAST.toString());
      assertThat(planned.code()).as(planned.said()).isZero();
      assertThat(api.log().aggregations()).as("a plan asks for no report").isEmpty();
      JsonNode plan = json.readTree(planned.out());

      Installation.Ended ended = backfill(installation, "all");
      assertThat(ended.code()).as(ended.said()).isZero();
      // Silence costs less than a plan can know, and where it comes suddenly one question more.
      assertThat(
              api.log().aggregations().stream()
                  .filter(e -> e.request().parameter("field_grouping") != null))
          .isNotEmpty()
          .allMatch(e -> e.rows() > 0);
      long silences =
          api.log().aggregations().stream()
              .map(RequestLog.Entry::request)
              .filter(r -> r.parameter("date_grouping") == null)
              .filter(r -> r.parameter("field_grouping") == null)
              .filter(r -> !String.valueOf(r.parameter("date_from")).startsWith(FIRST.toString()))
              .count();
      long made = api.log().aggregations().size() - silences;
      assertThat(made)
          .isGreaterThanOrEqualTo(plan.path("least_requests").longValue())
          .isLessThanOrEqualTo(plan.path("likely_requests").longValue())
          .isGreaterThan(plan.path("likely_requests").longValue() * 3 / 4);
      long ungrouped =
          api.log().aggregations().stream()
              .filter(e -> e.request().parameter("field_grouping") == null)
              .count();
      assertThat(plan.path("least_requests").longValue())
          .as("what is sent whatever the answers are")
          .isEqualTo(ungrouped - silences);
      JsonNode announced = json.readTree(ended.err().lines().findFirst().orElseThrow());
      assertThat(announced.path("event").textValue()).isEqualTo("planned");
      assertThat(announced.path("requests").intValue())
          .isEqualTo(plan.path("likely_requests").intValue());
      assertThat(announced.path("reason").textValue())
          .startsWith(plan.path("least_requests").intValue() + " requests at least");
      assertThat(plan.path("most_requests").intValue())
          .isGreaterThan(plan.path("least_requests").intValue());

      Installation.Ended again =
          installation.run(
              "--json", "plan", "all", "--from", FIRST.toString(), "--to", LAST.toString());
      assertThat(json.readTree(again.out()).path("least_requests").intValue()).isZero();
    }
  }

  /**
   * A range that must be asked for in parts, the first of which ends with days without traffic: the
   * days behind it are no sign of a cap.
   */
  @Test
  void quietDaysAtTheEndOfAPartAreNoCap() throws IOException {
    World world = World.empty().addSite("QUIET", ZoneId.of("Europe/Berlin"));
    for (LocalDate day = FIRST; !day.isAfter(FIRST.plusDays(59)); day = day.plusDays(1)) {
      // Days 18 to 20 and 38 to 40 are without.
      if (ChronoUnit.DAYS.between(FIRST, day) % 20 < 17) {
        world.add("QUIET", world.viewAt("QUIET", day.atTime(12, 0)));
      }
    }
    Behaviour refusing =
        Behaviour.unlimited()
            .withDayRangeRule(
                new Behaviour.RangeRule(20, 422, "The range must not exceed 20 days."));
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api = FathomSimulator.start(world, refusing)) {
      Installation installation =
          install(database, api)
              .at(NOW.plus(Duration.ofDays(30)))
              .settings(1_000, 1000, "  max_range_days: 40\n")
              .pipeline("all", "all", "[postgres]", List.of(Question.pageviews("traffic", "day")));

      Installation.Ended ended =
          installation.run(
              "backfill", "all", "--from", FIRST.toString(), "--to", FIRST.plusDays(59).toString());

      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(database.query("SELECT number FROM fathom_ops.learned WHERE kind = 'row_cap'"))
          .isEmpty();
      // 40 days are refused; then 60 in parts of 20, asked for again from where a cap may be. The
      // silence at the end of both windows is asked once more.
      assertThat(api.log().aggregations().size()).isLessThanOrEqualTo(6 + 2);
    }
  }

  /** Requests are what was sent, and what the API bills: not the connections that it refused. */
  @Test
  void connectionsThatAreRefusedAreNoRequests() throws IOException {
    JumpingTime time = new JumpingTime(NOW);
    try (FathomSimulator api =
        FathomSimulator.start(
            World.dozen(14, FIRST, LAST, 0), Behaviour.unlimited(), 0, time, time::pass)) {
      AtomicLong reported = new AtomicLong();
      Runnable goAway = api::close;
      RunListener goesAway =
          new RunListener() {
            @Override
            public void requestSent() {
              reported.incrementAndGet();
            }

            @Override
            public void windowEnded(WindowOutcome outcome) {
              goAway.run();
            }
          };
      RunResult result =
          Exporters.toFiles(
                  api.baseUri(), directory.resolve("warehouse"), time, new StopSignal(), goesAway)
              .backfill(
                  new ExportJob(
                      "nightly",
                      List.of(TestReports.traffic(), TestReports.pages(), TestReports.campaigns()),
                      Optional.empty(),
                      3,
                      false,
                      true),
                  new DayRange(FIRST, LAST),
                  false,
                  true,
                  List.of());

      assertThat(result.exitCode()).as(result.toString()).isEqualTo(75);
      long received = api.log().aggregations().size();
      // The next request may be on its way while the API goes away.
      assertThat(result.requests()).isBetween(received, received + 1);
      assertThat(reported.get()).isEqualTo(result.requests());
    }
  }

  /** Whatever kind of window the quota has, no request comes too early, nor later than it must. */
  @ParameterizedTest
  @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
  void noRequestComesTooEarly(Quota.Model model) throws IOException {
    JumpingTime time = new JumpingTime(NOW);
    Behaviour behaviour =
        Behaviour.standard()
            .withReportsQuota(Quota.aMinute(model, 10))
            .withFirstOfShapeDelay(Duration.ofSeconds(3));
    try (FathomSimulator api =
        FathomSimulator.start(World.dozen(13, FIRST, LAST, 0), behaviour, 0, time, time::pass)) {
      RunResult result =
          Exporters.toFiles(
                  api.baseUri(),
                  directory.resolve("warehouse"),
                  time,
                  new StopSignal(),
                  RunListener.NONE)
              .backfill(
                  new ExportJob(
                      "nightly",
                      List.of(TestReports.traffic(), TestReports.pages(), TestReports.campaigns()),
                      Optional.empty(),
                      3,
                      false,
                      true),
                  new DayRange(FIRST, LAST),
                  false,
                  true,
                  List.of());

      assertThat(result.exitCode()).as(result.toString()).isZero();
      // Of the site without traffic the control alone; nine sites in three requests each, and two
      // whose pages reach the row limit, once and twice, in one and in two more.
      assertThat(result.requests()).isEqualTo(1 + 9 * 3 + 4 + 5);
      assertThat(api.log().tooMany()).isEmpty();
      assertThat(api.log().counted().stream().filter(e -> e.request().aggregation() > 0))
          .hasSize((int) result.requests());
      Duration floor = Duration.ofMinutes(3);
      assertThat(result.floor()).isEqualTo(floor);
      assertThat(Duration.between(NOW, time.instant()))
          .as("beside the quota only the %s shapes' first answers take time", 3)
          .isBetween(floor, floor.plus(Duration.ofSeconds(15)));
    }
  }
}
