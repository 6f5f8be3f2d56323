package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.cli.process.Shutdown;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.ApiRequest;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.Conversion;
import fathomexport.simulator.world.EventDefinition;
import fathomexport.simulator.world.PageView;
import fathomexport.simulator.world.SimulatedSite;
import fathomexport.simulator.world.World;
import fathomexport.testing.Fixture;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * What {@code status} says of sites, reports and events of which nothing was ever stored: never
 * that they are complete, and never that they are late where there is nothing to store.
 */
class NeverStoredTest {
  private static final Question TRAFFIC = Question.pageviews("traffic_daily", "day");
  private static final Question GOALS = Question.events("goals_daily", "day");
  private static final Instant NIGHT = Instant.parse("2026-03-05T12:30:00Z");
  private static final Instant CREATED = Instant.parse("2026-03-01T00:00:00Z");

  @TempDir Path directory;
  @RegisterExtension final Fixture fixture = new Fixture();

  private final World world = World.empty();
  private FathomSimulator api;
  private Installation installation;

  @BeforeEach
  void install() throws IOException {
    for (String site : List.of("AAAA", "BBBB", "CCCC")) {
      site(site);
    }
    api = fixture.api(world, Behaviour.unlimited());
    installation =
        new Installation(
                directory,
                fixture.database(List.of(TRAFFIC, GOALS)),
                api.baseUri(),
                SimulatorToken.STANDARD.secret(),
                NIGHT)
            .pipeline("nightly", "all", "[parquet]", List.of(TRAFFIC, GOALS));
  }

  /** Adds a site with a view on each of its first days. */
  private void site(String id) {
    world.addSite(new SimulatedSite(id, "Site " + id, ZoneOffset.UTC, CREATED));
    for (int day = 1; day <= 9; day++) {
      world.add(id, PageView.at(Instant.parse("2026-03-0" + day + "T12:00:00Z")).visit(day));
    }
  }

  /** Adds an event that has happened once. */
  private void event(String site, String name) {
    world.addEvent(site, new EventDefinition("E-" + name, name, "USD", CREATED));
    world.add(site, Conversion.of(name, Instant.parse("2026-03-04T12:00:00Z")).worth(100L));
  }

  private Installation.Ended night(int later, String... options) {
    String[] command = new String[options.length + 2];
    command[0] = "run";
    command[1] = "nightly";
    System.arraycopy(options, 0, command, 2, options.length);
    return installation.at(NIGHT.plus(Duration.ofDays(later))).run(command);
  }

  private void goodNight(int later) {
    Installation.Ended ended = night(later);
    assertThat(ended.code()).as(ended.said()).isZero();
  }

  /** A run that is asked to stop with the first of its queries that fits. */
  private void stoppedNight(int later, Predicate<ApiRequest> at) {
    Shutdown shutdown = new Shutdown();
    when(
        request -> {
          if (at.test(request)) {
            shutdown.request();
          }
        });
    Installation.Ended ended =
        installation.at(NIGHT.plus(Duration.ofDays(later))).run(shutdown, "run", "nightly");
    api.behave(Behaviour.unlimited());
    assertThat(ended.code()).as(ended.said()).isEqualTo(143);
  }

  /** Something that a test does with each request. */
  private interface Watcher {
    void saw(ApiRequest request);
  }

  private void when(Watcher watcher) {
    api.behave(
        Behaviour.unlimited()
            .withFault(
                FaultRule.when(
                    request -> {
                      watcher.saw(request);
                      return false;
                    },
                    Fault.empty())));
  }

  private void refused(Predicate<ApiRequest> fits) {
    api.behave(Behaviour.unlimited().withFault(FaultRule.when(fits, Fault.status(403))));
  }

  private String status(int code) {
    Installation.Ended ended = installation.run("status", "nightly", "--check");
    assertThat(ended.code()).as(ended.said()).isEqualTo(code);
    return ended.out();
  }

  private JsonNode json() throws IOException {
    return new ObjectMapper().readTree(installation.run("status", "nightly", "--json").out());
  }

  /** Returns the rows that need attention, as report, site and event. */
  private Set<String> wanting() throws IOException {
    Set<String> rows = new TreeSet<>();
    for (JsonNode line : json().path("lines")) {
      if (line.path("attention").booleanValue()) {
        rows.add(
            line.path("report").textValue()
                + " "
                + line.path("site").textValue()
                + (line.path("event").isNull() ? "" : " " + line.path("event").textValue()));
      }
    }
    return rows;
  }

  // --- What a first run has not reached

  @Test
  void sitesThatTheFirstRunHasNotReachedAreNotComplete() throws IOException {
    installation.pipeline("nightly", "all", "[parquet]", List.of(TRAFFIC));

    Installation.Ended first = night(0, "--max-requests", "1");

    assertThat(first.code()).as(first.said()).isEqualTo(75);
    assertThat(json().path("lines")).as("one of three sites is stored").hasSize(3);
    assertThat(wanting()).hasSize(2);
    assertThat(status(65))
        .startsWith("1 of 3 sites are complete to yesterday; 2 of 3 rows")
        .contains("! nothing stored");
    assertThat(json().path("sites").intValue()).isEqualTo(3);
    assertThat(json().path("sites_complete").intValue()).isEqualTo(1);
    assertThat(page()).contains("1 of 3 sites are complete", "nothing stored");
    goodNight(1);
    assertThat(status(0)).startsWith("3 of 3 sites are complete to yesterday.");
  }

  private String page() throws IOException {
    Path file = directory.resolve("status.html");
    assertThat(installation.run("status", "nightly", "--html", file.toString()).code()).isZero();
    return Files.readString(file);
  }

  @Test
  void eventsThatTheFirstRunHasNotReachedAreNotComplete() throws IOException {
    installation.pipeline("nightly", "all", "[parquet]", List.of(GOALS));
    event("AAAA", "buy");
    event("AAAA", "signup");
    event("BBBB", "buy");

    Installation.Ended first = night(0, "--max-requests", "1");

    assertThat(first.code()).as(first.said()).isEqualTo(75);
    assertThat(wanting()).as("one of three events is stored").hasSize(2);
    assertThat(status(65)).doesNotContain("complete to yesterday.").contains("! nothing stored");
    goodNight(1);
    assertThat(status(0)).startsWith("3 of 3 sites are complete to yesterday.");
  }

  /** Its windows count in the metrics, too, from which an alert is made. */
  @Test
  void theMetricsCountWhatWasNeverStored() throws IOException {
    installation.pipeline("nightly", "all", "[parquet]", List.of(TRAFFIC));

    night(0, "--max-requests", "1", "--metrics-file", "run.prom");

    assertThat(Files.readString(directory.resolve("run.prom")))
        .contains(
            "fathom_export_periods{pipeline=\"nightly\",command=\"run\",state=\"never_stored\"} 2");
    night(1, "--metrics-file", "run.prom");
    assertThat(Files.readString(directory.resolve("run.prom")))
        .contains(
            "fathom_export_periods{pipeline=\"nightly\",command=\"run\",state=\"never_stored\"} 0");
  }

  /** Each site lacks something: its events, or all reports. */
  @Test
  void afterAFirstRunThatWasStoppedNothingIsCompleteThatItHasNotReached() throws IOException {
    event("AAAA", "buy");

    stoppedNight(0, request -> request.aggregation() > 0);

    assertThat(status(65)).startsWith("0 of 3 sites are complete to yesterday; 3 of 4 rows");
    assertThat(wanting())
        .containsExactly("goals_daily AAAA buy", "traffic_daily BBBB", "traffic_daily CCCC");
  }

  /** A run that is killed before its first commit leaves what is there meanwhile. */
  @Test
  void beforeTheFirstCommitNothingIsComplete() {
    event("AAAA", "buy");
    AtomicReference<String> meanwhile = new AtomicReference<>("");
    when(
        request -> {
          if (request.aggregation() == 1) {
            meanwhile.set(status(65));
          }
        });

    goodNight(0);

    assertThat(meanwhile.get()).startsWith("Nothing has been exported yet. Begin with: ");
  }

  // --- What has nothing to store

  @Test
  void sitesWithoutEventsAreCompleteOnceTheirListsWereRead() throws IOException {
    installation.pipeline("nightly", "all", "[parquet]", List.of(GOALS));
    assertThat(status(65)).startsWith("Nothing has been exported yet.");

    goodNight(0);

    assertThat(status(0)).startsWith("3 of 3 sites are complete to yesterday.");
    assertThat(json().path("sites").intValue()).isEqualTo(3);
    assertThat(json().path("lines")).isEmpty();
  }

  @Test
  void aSiteWithoutEventsIsCompleteBesideOneWithEvents() throws IOException {
    event("AAAA", "buy");

    goodNight(0);

    assertThat(status(0)).startsWith("3 of 3 sites are complete to yesterday.");
    assertThat(json().path("lines")).hasSize(4);
  }

  /** Whether it has events is not known before the list was read once. */
  @Test
  void aSiteWhoseEventsCouldNotBeListedIsNotComplete() throws IOException {
    event("BBBB", "buy");
    refused(request -> request.path().endsWith("/sites/BBBB/events"));
    assertThat(night(0).code()).isEqualTo(77);
    api.behave(Behaviour.unlimited());

    assertThat(status(65))
        .startsWith("2 of 3 sites are complete to yesterday; what needs attention is marked with !")
        .contains("! goals_daily of BBBB (Site BBBB): whether it has events is not known");
    goodNight(1);
    assertThat(status(0)).startsWith("3 of 3 sites are complete to yesterday.");
  }

  /** Events beyond the limit of the pipeline are never fetched. */
  @Test
  void eventsBeyondTheLimitAreNotMissed() throws IOException {
    event("AAAA", "buy");
    event("AAAA", "signup");
    Path pipeline = directory.resolve("pipelines/nightly.yaml");
    Files.writeString(pipeline, "max_events: 1\n" + Files.readString(pipeline));

    goodNight(0);

    assertThat(status(0)).startsWith("3 of 3 sites are complete to yesterday.");
  }

  @Test
  void ofManyEventsTheFirstRunHasToStoreTheLimit() {
    event("AAAA", "buy");
    event("AAAA", "signup");
    event("AAAA", "share");
    installation.pipeline("nightly", "all", "[parquet]", List.of(GOALS));
    installation.write(
        "pipelines/nightly.yaml",
        "max_events: 2\nsites: all\nlookback_days: 3\nsinks: [parquet]\nreports:\n" + GOALS.yaml());

    assertThat(night(0, "--max-requests", "1").code()).isEqualTo(75);

    assertThat(status(65))
        .contains("! goals_daily of AAAA (Site AAAA): 1 of the 2 events that a run fetches");
  }

  // --- What a night has found

  @Test
  void aNewEventIsDueUntilARunCouldHaveStoredIt() throws IOException {
    event("AAAA", "buy");
    goodNight(0);
    event("AAAA", "signup");
    AtomicReference<String> meanwhile = new AtomicReference<>("");
    when(
        request -> {
          if (request.aggregation() > 0 && "".equals(meanwhile.get())) {
            meanwhile.set(status(0));
          }
        });

    goodNight(1);

    assertThat(meanwhile.get()).startsWith("2 of 3 sites are complete; what has ended");
    assertThat(meanwhile.get()).contains("nothing stored yet").doesNotContain("! nothing stored");
  }

  @Test
  void aNewSiteThatAStoppedRunHasNotReachedIsDueAndThenLate() throws IOException {
    installation.pipeline("nightly", "all", "[parquet]", List.of(TRAFFIC));
    goodNight(0);
    goodNight(1);
    site("DDDD");
    stoppedNight(2, request -> request.aggregation() > 0);

    assertThat(status(0)).contains(" of 4 sites are complete; what has ended since the last run");
    assertThat(wanting()).isEmpty();
    assertThat(json().path("sites_complete").intValue()).isLessThan(4);
    installation.at(NIGHT.plus(Duration.ofHours(2 * 24 + 3)));
    assertThat(status(65)).startsWith("1 of 4 sites are complete to yesterday; 3 of 4 rows");
    assertThat(wanting()).contains("traffic_daily DDDD");
  }

  /** On its first day nothing of a site has ended. */
  @Test
  void aSiteThatWasCreatedTodayIsNotLate() {
    installation.pipeline("nightly", "all", "[parquet]", List.of(TRAFFIC));
    goodNight(0);
    world.addSite(
        new SimulatedSite("DDDD", "Site DDDD", ZoneOffset.UTC, NIGHT.plus(Duration.ofHours(20))));

    goodNight(1);

    assertThat(status(0)).contains("of 4 sites are complete");
  }

  // --- What no list has said

  /** A run of a part does not say which other sites the pipeline has. */
  @Test
  void afterARunOfAPartTheSitesOfThePipelineAreNotKnown() {
    assertThat(night(0, "--site", "AAAA").code()).isZero();

    assertThat(status(65))
        .contains("! which sites the pipeline has is not known")
        .contains("fathom-export run nightly");
    goodNight(1);
    assertThat(status(0)).startsWith("3 of 3 sites are complete to yesterday.");
  }

  @Test
  void whereNoListCanBeReadNothingIsCertain() throws IOException {
    goodNight(0);
    Files.writeString(installation.warehouse().resolve("_fathom/listings/nightly.json"), "{");

    assertThat(status(65)).contains("! whether sites or events lack rows here is not known");
  }

  @Test
  void anAccountWhoseSitesWereNeverListedIsNotComplete() {
    SimulatorToken agency = SimulatorToken.ofAccount("of-agency", "agency", Set.of("AAAA"));
    SimulatorToken shop = SimulatorToken.ofAccount("of-shop", "shop", Set.of("BBBB", "CCCC"));
    Behaviour normal = Behaviour.unlimited().withTokens(agency, shop);
    api.behave(normal.withTokens(agency));
    installation
        .variable("AGENCY_TOKEN", agency.secret())
        .variable("SHOP_TOKEN", shop.secret())
        .settings(
            """
            api: {base_url: %s, requests_per_minute: 1000, patience: 1s}
            accounts:
              - {name: agency, token: {env: AGENCY_TOKEN}}
              - {name: shop, token: {env: SHOP_TOKEN}}
            postgres: {url: '%s', user: %s, password: {env: %s}}
            parquet: {root: warehouse}
            """
                .formatted(
                    api.baseUri(),
                    installation.database().url(),
                    installation.database().user(),
                    TestDatabase.PASSWORD_VARIABLE));
    assertThat(night(0).code()).isEqualTo(77);

    assertThat(status(65)).contains("! account shop: no run has found a site of it yet");
    api.behave(normal);
    goodNight(1);
    assertThat(status(0)).startsWith("3 of 3 sites are complete to yesterday.");
  }
}
