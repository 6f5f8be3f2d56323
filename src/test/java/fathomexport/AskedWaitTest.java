package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.api.StopSignal;
import fathomexport.config.ConfigLoader;
import fathomexport.report.SiteId;
import fathomexport.run.Budget;
import fathomexport.run.ExportJob;
import fathomexport.run.Left;
import fathomexport.run.Patience;
import fathomexport.run.RunListener;
import fathomexport.run.RunResult;
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
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A {@code Retry-After} that is not a 429's: the site of the query waits, and no other site does,
 * unless all of them are asked to wait. Time passes only where the exporter waits.
 */
class AskedWaitTest {
  private static final Instant NOW = Instant.parse("2026-03-15T14:00:00Z");
  private static final LocalDate LAST = LocalDate.of(2026, 3, 13);
  private static final LocalDate FIRST = LAST.minusDays(1);

  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("pages_daily", "day", "pathname"),
          Question.pageviews("devices_daily", "day", "device_type"));

  @TempDir Path directory;

  private final JumpingTime time = new JumpingTime(NOW);
  private final List<String> waits = new CopyOnWriteArrayList<>();
  private final World world = World.dozen(17, FIRST.minusDays(3), LAST.plusDays(2), 0);
  private final Behaviour normal = Behaviour.standard();
  private FathomSimulator api;
  private List<String> sites = List.of();

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

  private RunResult night(Patience patience) throws IOException {
    Path pipeline = Files.createDirectories(directory.resolve("pipelines")).resolve("nightly.yaml");
    Files.writeString(
        pipeline,
        "sites: all\nsinks: [parquet]\nreports:\n"
            + REPORTS.stream().map(Question::yaml).collect(Collectors.joining()));
    RunListener listener =
        new RunListener() {
          @Override
          public void waitingLong(Instant until, String reason) {
            waits.add(until + " " + reason);
          }
        };
    return Exporters.toFiles(
            api.baseUri(), directory.resolve("warehouse"), time, new StopSignal(), listener)
        .run(
            new ExportJob(
                "nightly",
                new ConfigLoader(directory).pipeline("nightly").orThrow().reports(),
                Optional.of(sites.stream().map(SiteId::new).toList()),
                3,
                false,
                true),
            false,
            Budget.UNLIMITED,
            patience,
            List.of());
  }

  private void assertComplete(List<String> of) {
    for (Question report : REPORTS) {
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

  private static Fault unavailable(int status, int seconds) {
    return new Fault.Status(
        status,
        "application/json",
        "{\"error\":\"maintenance\"}",
        Map.of("Retry-After", String.valueOf(seconds)));
  }

  private static Predicate<ApiRequest> about(String site) {
    return r -> r.aggregation() > 0 && site.equals(r.site());
  }

  private List<RequestLog.Entry> requestsAbout(String site) {
    return api.log().aggregations().stream().filter(e -> site.equals(e.request().site())).toList();
  }

  private List<String> without(String... sick) {
    return sites.stream().filter(s -> !List.of(sick).contains(s)).toList();
  }

  /** Asserts that nothing about a site was sent between a response and the time that it named. */
  private void assertObeyed(String site, int status, int seconds) {
    List<RequestLog.Entry> all = requestsAbout(site);
    for (int i = 0; i + 1 < all.size(); i++) {
      if (all.get(i).status() == status) {
        assertThat(all.get(i + 1).arrivedAt())
            .as("request %d about %s", i + 2, site)
            .isAfterOrEqualTo(all.get(i).arrivedAt().plusSeconds(seconds));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {408, 425, 500, 502, 503, 504})
  void aSiteThatAsksToWaitKeepsNoOtherWaiting(int status) throws IOException {
    String sick = sites.get(0);
    api.behave(
        normal.withFault(FaultRule.first(2, r -> sick.equals(r.site()), unavailable(status, 600))));

    RunResult result = night(Patience.LIMITED);

    assertThat(result.exitCode()).as(result.toString()).isZero();
    assertComplete(sites);
    assertObeyed(sick, status, 600);
    Instant over = requestsAbout(sick).get(0).arrivedAt().plusSeconds(600);
    for (String other : without(sick)) {
      assertThat(requestsAbout(other))
          .as("requests about %s", other)
          .isNotEmpty()
          .allMatch(e -> e.arrivedAt().isBefore(over));
    }
    assertThat(requestsAbout(sick)).hasSize(2 + REPORTS.size());
  }

  /** A 504 has used all attempts but one, and the last is asked to wait. */
  @Test
  void theWaitOfALastAttemptIsObeyed() throws IOException {
    String sick = sites.get(0);
    api.behave(
        normal
            .withFault(FaultRule.first(4, r -> sick.equals(r.site()), Fault.status(504)))
            .withFault(FaultRule.first(1, r -> sick.equals(r.site()), unavailable(503, 600))));

    RunResult result = night(Patience.LIMITED);

    assertThat(result.exitCode()).as(result.toString()).isZero();
    assertComplete(sites);
    assertThat(requestsAbout(sick)).anyMatch(e -> e.status() == 503);
    assertObeyed(sick, 503, 600);
  }

  /** Longer than a run waits, and the run is over before: the site fails alone. */
  @Test
  void aSiteThatAsksForAnHourFailsAlone() throws IOException {
    String sick = sites.get(0);
    api.behave(normal.withFault(FaultRule.when(about(sick), unavailable(503, 3600))));

    RunResult result = night(Patience.LIMITED);

    assertThat(result.exitCode()).as(result.toString()).isEqualTo(75);
    assertComplete(without(sick));
    assertThat(requestsAbout(sick)).hasSize(1);
    assertThat(waits).isEmpty();
    assertThat(result.messages())
        .hasSize(REPORTS.size())
        .allMatch(m -> m.contains(sick) && m.contains("503") && m.contains("before 2026-03-15T15"));

    time.pass(Duration.ofHours(2));
    api.behave(normal);
    assertThat(night(Patience.LIMITED).exitCode()).isZero();
    assertComplete(sites);
  }

  /** However often it asks: its retries are bounded, and the others are complete. */
  @Test
  void aSiteThatAlwaysAsksToWaitEndsWithItsRetries() throws IOException {
    String sick = sites.get(0);
    api.behave(normal.withFault(FaultRule.when(about(sick), unavailable(503, 60))));

    RunResult result = night(Patience.LIMITED);

    assertThat(result.exitCode()).as(result.toString()).isEqualTo(75);
    assertComplete(without(sick));
    assertThat(requestsAbout(sick))
        .as("6 retries of the report that asks first, and of the one that asks once more for all")
        .hasSizeBetween(2, 2 * 7);
    assertObeyed(sick, 503, 60);
  }

  @Test
  void withPatienceOneSiteIsWaitedForToo() throws IOException {
    String sick = sites.get(0);
    api.behave(
        normal.withFault(FaultRule.first(2, r -> sick.equals(r.site()), unavailable(503, 3600))));

    RunResult result = night(Patience.ENDLESS);

    assertThat(result.exitCode()).as(result.toString()).isZero();
    assertComplete(sites);
    assertObeyed(sick, 503, 3600);
    Instant over = requestsAbout(sick).get(0).arrivedAt().plusSeconds(3600);
    assertThat(api.log().aggregations().stream().filter(e -> !sick.equals(e.request().site())))
        .allMatch(e -> e.arrivedAt().isBefore(over));
    assertThat(waits).as("a line per wait").hasSize(2);
  }

  private void maintenance(Duration lasts, int retryAfter) {
    Instant until = NOW.plus(lasts);
    api.behave(
        normal.withFault(
            FaultRule.when(
                r -> r.aggregation() > 0 && time.instant().isBefore(until),
                unavailable(503, retryAfter))));
  }

  private long failed() {
    return api.log().aggregations().stream().filter(e -> e.status() == 503).count();
  }

  /** Every site answers so: it is the API's maintenance, and no site is asked in it. */
  @Test
  void aMaintenanceOfTheWholeApiIsSatOut() throws IOException {
    maintenance(Duration.ofMinutes(14), 840);

    RunResult result = night(Patience.LIMITED);

    assertThat(result.exitCode()).as(result.toString()).isZero();
    assertComplete(sites);
    assertThat(failed()).as("three sites are asked, then none").isEqualTo(3);
    assertThat(waits).as("one line").hasSize(1);
  }

  /** Before a run ends for it, one site more is asked. */
  @Test
  void aMaintenanceThatIsLongerThanARunWaits() throws IOException {
    maintenance(Duration.ofHours(2), 7200);

    RunResult result = night(Patience.LIMITED);

    assertThat(result.exitCode()).as(result.toString()).isEqualTo(75);
    assertThat(api.log().aggregations()).hasSize(4);
    assertThat(result.messages())
        .allMatch(m -> m.contains("until 2026-03-15T16") || Left.isLeft(m))
        .anyMatch(Left::isLeft);
  }

  @Test
  void aLongMaintenanceIsWaitedForWithOneLine() throws IOException {
    maintenance(Duration.ofHours(2), 7200);

    RunResult result = night(Patience.ENDLESS);

    assertThat(result.exitCode()).as(result.toString()).isZero();
    assertComplete(sites);
    assertThat(failed()).isEqualTo(3);
    assertThat(waits).as("one line").hasSize(1);
  }

  /** Three sites that are asked first ask to wait: the healthy ones are complete all the same. */
  @ParameterizedTest
  @ValueSource(ints = {600, 3600})
  void threeSitesThatAskToWaitAndComeFirst(int seconds) throws IOException {
    List<String> sick = sites.subList(0, 3);
    api.behave(
        normal.withFault(
            FaultRule.when(
                r -> r.aggregation() > 0 && sick.contains(r.site()), unavailable(503, seconds))));

    RunResult result = night(Patience.LIMITED);

    assertThat(result.exitCode()).as(result.toString()).isEqualTo(75);
    assertComplete(without(sick.toArray(new String[0])));
    sick.forEach(site -> assertObeyed(site, 503, seconds));
    assertThat(result.messages())
        .hasSize(3 * REPORTS.size())
        .allMatch(m -> sick.stream().anyMatch(m::contains));
  }

  /** A 429 is about the account: no site is asked before its end. */
  @Test
  void theWaitOfA429IsTheAccounts() throws IOException {
    api.behave(normal.withFault(FaultRule.onAggregation(4, Fault.tooMany("600"))));

    RunResult result = night(Patience.LIMITED);

    assertThat(result.exitCode()).as(result.toString()).isZero();
    assertComplete(sites);
    List<RequestLog.Entry> all = api.log().aggregations();
    assertThat(all.get(4).arrivedAt()).isAfterOrEqualTo(all.get(3).arrivedAt().plusSeconds(600));
  }
}
