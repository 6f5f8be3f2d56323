package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.report.SecretRef;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.RequestLog;
import fathomexport.simulator.behaviour.ApiRequest;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.PageView;
import fathomexport.simulator.world.World;
import fathomexport.sink.SampleTable;
import fathomexport.sink.postgres.PostgresSink;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.testing.Fixture;
import fathomexport.testing.ForkedRun;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Current visitors, from the API to both sinks: what lands is what the simulated visits are. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SnapshotTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final LocalDate FIRST = LocalDate.of(2026, 6, 1);
  private static final Instant NOW = Instant.parse("2026-06-11T14:00:00.5Z");
  private static final String LONDON = "LDNBOOKS";
  private static final String STATUS = "UTCSTATS";
  private static final String KATHMANDU = "KTMTRAIL";
  private static final List<String> SITES = List.of(LONDON, STATUS, KATHMANDU);
  private static final String PATH = "/v1/current_visitors";
  private static final Question TRAFFIC = Question.pageviews("traffic_daily", "day");

  private final World world = World.dozen(77, FIRST, LocalDate.of(2026, 6, 12), 0);

  /** How long a process may take to start on a machine that is busy. */
  private static final long SECONDS = 240;

  @RegisterExtension final Fixture fixture = new Fixture();
  private FathomSimulator api;
  private TestDatabase database;
  private Installation installation;

  @BeforeAll
  void start() throws IOException {
    crowd(LONDON, 400);
    crowd(STATUS, 30);
    api = FathomSimulator.start(world, Behaviour.unlimited(), 0, InstantSource.fixed(NOW));
  }

  /** Visits in the last five minutes, on more pages than the API lists. */
  private void crowd(String site, int visits) {
    List<PageView> views = new ArrayList<>();
    for (int i = 0; i < visits; i++) {
      PageView view =
          PageView.at(NOW.minusMillis(700L * i))
              .visit(9_000_000L + i)
              .host(i % 7 == 0 ? null : site.toLowerCase(java.util.Locale.ROOT) + ".example")
              .path(i % 5 == 0 ? "/" : i % 11 == 0 ? "" : "/ü/" + i % 180);
      views.add(
          i % 3 == 0
              ? view.with(Dimension.REFERRER_HOSTNAME, "https://t.co")
                  .with(Dimension.REFERRER_PATHNAME, i % 2 == 0 ? null : "/" + i)
              : view);
    }
    world.addPageViews(site, views);
  }

  @AfterAll
  void stop() {
    api.close();
  }

  @BeforeEach
  void install(@TempDir Path directory) {
    api.behave(Behaviour.unlimited());
    api.dateBy(InstantSource.fixed(NOW));
    api.log().clear();
    database = fixture.database();
    installation = install(directory, database);
  }

  private Installation install(Path directory, TestDatabase into) {
    return new Installation(directory, into, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
        .pipeline(
            "live", "[" + String.join(", ", SITES) + "]", "[postgres, parquet]", List.of(TRAFFIC));
  }

  // --- What must be there, from the visits one by one

  private record Place(@Nullable String host, @Nullable String path) {}

  /** The rows that a sample must make in a table. */
  private List<List<@Nullable Object>> truth(SampleTable table, String site, Instant at) {
    Instant last =
        world.pageViews(site).stream().map(PageView::at).max(Instant::compareTo).orElseThrow();
    Instant now = last.isBefore(NOW) ? last : NOW;
    Map<Long, PageView> current = new HashMap<>();
    for (PageView view : world.pageViews(site)) {
      boolean recent = !view.at().isAfter(now) && view.at().isAfter(now.minusSeconds(300));
      PageView known = current.get(view.visit());
      if (recent && (known == null || view.at().isAfter(known.at()))) {
        current.put(view.visit(), view);
      }
    }
    if (table == SampleTable.VISITORS) {
      return List.of(List.of(site, at, (long) current.size()));
    }
    Map<Place, Long> places = new HashMap<>();
    for (PageView view : current.values()) {
      String referrer = view.fields().get(Dimension.REFERRER_HOSTNAME);
      if (table == SampleTable.PAGES) {
        places.merge(
            new Place(view.fields().get(Dimension.HOSTNAME), view.fields().get(Dimension.PATHNAME)),
            1L,
            Long::sum);
      } else if (referrer != null && !referrer.isEmpty()) {
        places.merge(
            new Place(referrer, view.fields().get(Dimension.REFERRER_PATHNAME)), 1L, Long::sum);
      }
    }
    List<List<@Nullable Object>> rows = new ArrayList<>();
    places.forEach((place, n) -> rows.add(Arrays.asList(site, at, place.host(), place.path(), n)));
    return rows;
  }

  private List<List<@Nullable Object>> inPostgres(SampleTable table) {
    return database.query("SELECT * FROM fathom." + table.tableName()).stream()
        .map(SnapshotTest::withInstant)
        .toList();
  }

  private List<List<@Nullable Object>> inParquet(SampleTable table) throws SQLException {
    List<List<@Nullable Object>> rows = new ArrayList<>();
    try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duck.createStatement();
        ResultSet result =
            statement.executeQuery(
                "SELECT * FROM read_parquet('"
                    + installation.warehouse().resolve(table.tableName())
                    + "/**/*.parquet', hive_partitioning=false)")) {
      while (result.next()) {
        List<@Nullable Object> row = new ArrayList<>();
        for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
          row.add(result.getObject(i));
        }
        rows.add(withInstant(row));
      }
    }
    return rows;
  }

  private static List<@Nullable Object> withInstant(List<@Nullable Object> row) {
    List<@Nullable Object> cells = new ArrayList<>(row);
    Object at = cells.get(1);
    cells.set(
        1,
        at instanceof OffsetDateTime time
            ? time.toInstant()
            : ((java.sql.Timestamp) Objects.requireNonNull(at)).toInstant());
    return Collections.unmodifiableList(cells);
  }

  /** Both sinks hold the samples of these sites at these times, and nothing else. */
  private void assertSampled(List<String> sites, Instant... times) throws SQLException {
    for (SampleTable table : SampleTable.values()) {
      List<List<@Nullable Object>> expected = new ArrayList<>();
      for (String site : sites) {
        for (Instant at : times) {
          expected.addAll(truth(table, site, at));
        }
      }
      assertListed(table, inPostgres(table), expected);
      assertListed(table, inParquet(table), expected);
    }
  }

  /**
   * Equal rows; of a site with more than 150 pages 150 of the true ones, the highest among them.
   */
  private static void assertListed(
      SampleTable table,
      List<List<@Nullable Object>> actual,
      List<List<@Nullable Object>> expected) {
    Map<List<@Nullable Object>, List<List<@Nullable Object>>> bySample = new HashMap<>();
    expected.forEach(
        row -> bySample.computeIfAbsent(row.subList(0, 2), k -> new ArrayList<>()).add(row));
    int rows = 0;
    for (var sample : bySample.entrySet()) {
      List<List<@Nullable Object>> listed =
          actual.stream().filter(row -> row.subList(0, 2).equals(sample.getKey())).toList();
      assertThat(listed)
          .as("%s of %s", table, sample.getKey())
          .hasSize(Math.min(150, sample.getValue().size()))
          .doesNotHaveDuplicates()
          .isSubsetOf(sample.getValue());
      assertThat(totals(listed))
          .as("%s of %s: the top ones", table, sample.getKey())
          .isEqualTo(totals(sample.getValue()).subList(0, listed.size()));
      rows += listed.size();
    }
    assertThat(actual).as("%s: no other rows", table).hasSize(rows);
  }

  private static List<Long> totals(List<List<@Nullable Object>> rows) {
    return rows.stream()
        .map(row -> (Long) Objects.requireNonNull(row.get(row.size() - 1)))
        .sorted(Collections.reverseOrder())
        .toList();
  }

  private static void assertEnded(Installation.Ended ended, int code, String... words) {
    assertThat(ended.code()).as(ended.said()).isEqualTo(code);
    for (String word : words) {
      assertThat(ended.out() + ended.err()).contains(word);
    }
  }

  private List<RequestLog.Entry> asked() {
    return api.log().to(PATH);
  }

  private static boolean asks(ApiRequest request, String... sites) {
    return request.path().equals(PATH) && List.of(sites).contains(request.site());
  }

  private static Fault status(int status, String body, Map<String, String> headers) {
    return new Fault.Status(status, "application/json", body, headers);
  }

  // --- What lands

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatLandsIsWhatTheVisitsAre(boolean strings) throws SQLException {
    api.behave(Behaviour.unlimited().withCurrentVisitorsAsStrings(strings));

    assertEnded(installation.run("snapshot", "live"), 0, "live: done", "3 of 3 sites");

    assertThat(truth(SampleTable.PAGES, LONDON, NOW))
        .as("more than are listed")
        .hasSizeGreaterThan(150);
    assertSampled(SITES, NOW);
    assertThat(asked()).as("one request a site").hasSize(3);
    assertThat(api.log().aggregations()).isEmpty();
  }

  @Test
  void everyCallAdds() throws SQLException {
    Instant later = NOW.plusSeconds(300);
    Instant nextDay = NOW.plusSeconds(86_400);
    assertEnded(installation.run("snapshot", "live"), 0);
    assertEnded(installation.at(later).run("snapshot", "live"), 0);
    assertEnded(installation.at(nextDay).run("snapshot", "live"), 0);

    assertSampled(SITES, NOW, later, nextDay);
  }

  @Test
  void totalsOnlyLeavesTheListsAlone() throws SQLException {
    assertEnded(installation.run("snapshot", "live"), 0);
    assertEnded(installation.at(NOW.plusSeconds(60)).run("snapshot", "live", "--totals-only"), 0);

    assertThat(inPostgres(SampleTable.VISITORS)).hasSize(6);
    assertThat(inParquet(SampleTable.VISITORS)).hasSize(6);
    assertThat(inPostgres(SampleTable.PAGES)).allMatch(row -> NOW.equals(row.get(1)));
    assertThat(inParquet(SampleTable.PAGES)).allMatch(row -> NOW.equals(row.get(1)));
    assertThat(asked().subList(3, 6)).allMatch(e -> e.request().parameter("detailed") == null);
  }

  @Test
  void allSitesOfTheAccountIntoOneSink() throws SQLException {
    installation.pipeline("everything", "all", "[parquet]", List.of(TRAFFIC));

    Installation.Ended ended = installation.run("snapshot", "everything", "--json");

    assertEnded(ended, 0);
    assertThat(asked()).hasSize(world.sites().size());
    assertThat(inParquet(SampleTable.VISITORS))
        .extracting(row -> row.get(0))
        .containsExactlyInAnyOrderElementsOf(world.sites().stream().map(s -> s.id()).toList());
    assertThat(inPostgres(SampleTable.VISITORS))
        .as("the sink that the pipeline does not name")
        .isEmpty();
  }

  /** A site without any visit: a sample that says so, not none. */
  @Test
  void noVisitorsAreASample() throws SQLException {
    installation.pipeline(
        "empty", "[" + World.EMPTY_SITE + "]", "[postgres, parquet]", List.of(TRAFFIC));

    assertEnded(installation.run("snapshot", "empty"), 0);

    assertThat(inPostgres(SampleTable.VISITORS))
        .containsExactly(List.of(World.EMPTY_SITE, NOW, 0L));
    assertThat(inParquet(SampleTable.VISITORS)).isEqualTo(inPostgres(SampleTable.VISITORS));
    assertThat(inPostgres(SampleTable.PAGES)).isEmpty();
  }

  @Test
  void theRunIsOnRecordAndInJson() throws IOException {
    Installation.Ended ended = installation.run("--json", "snapshot", "live");

    assertEnded(ended, 0);
    JsonNode result = JSON.readTree(ended.out());
    assertThat(result.path("exit_code").intValue()).isZero();
    assertThat(result.path("windows_committed").intValue()).isEqualTo(3);
    assertThat(result.path("requests").intValue()).isEqualTo(3);
    int rows = inPostgres(SampleTable.PAGES).size() + inPostgres(SampleTable.REFERRERS).size() + 3;
    assertThat(result.path("rows").intValue()).isEqualTo(rows);
    assertThat(
            database.query(
                "SELECT pipeline, command, exit_code, windows_committed, requests, rows"
                    + " FROM fathom_ops.run WHERE finished_at IS NOT NULL"))
        .containsExactly(List.of("live", "snapshot", 0, 3L, 3L, (long) rows));
  }

  @Test
  void itsNumbersAreLeftForThoseWhoWatch() throws IOException {
    assertEnded(installation.run("snapshot", "live", "--metrics-file", "live.prom"), 0);

    String numbers = Files.readString(installation.directory().resolve("live.prom"));
    assertThat(numbers).contains("pipeline=\"live\"").contains("command=\"snapshot\"");
  }

  // --- The quota

  /** What is refused is billed, too, and asked again when the API says so. */
  @Test
  void aRefusedRequestCountsAndIsMadeAgain() throws SQLException {
    api.behave(
        Behaviour.unlimited()
            .withFault(
                new FaultRule(
                    r -> asks(r, STATUS),
                    1,
                    status(429, "{\"error\":\"slower\"}", Map.of("Retry-After", "0")))));

    assertEnded(installation.run("snapshot", "live"), 0);

    assertSampled(SITES, NOW);
    assertThat(asked()).hasSize(4);
    assertThat(database.query("SELECT requests FROM fathom_ops.run")).containsExactly(List.of(4L));
  }

  // --- What goes wrong

  /** The other sites are sampled all the same. */
  @ParameterizedTest
  @ValueSource(ints = {400, 403, 404})
  void aSiteWithoutPermission(int code) throws SQLException {
    api.behave(
        Behaviour.unlimited()
            .withFault(
                FaultRule.when(
                    r -> asks(r, STATUS),
                    status(
                        code, "{\"error\":\"You have no permission to read this.\"}", Map.of()))));

    assertEnded(
        installation.run("snapshot", "live"), 77, "2 of 3 sites", STATUS, "You have no permission");

    assertSampled(List.of(LONDON, KATHMANDU), NOW);
    assertThat(asked()).as("a refusal is not asked again").hasSize(3);
  }

  @Test
  void aSiteThatIsNotTheTokens() throws SQLException {
    api.behave(
        Behaviour.unlimited()
            .withTokens(
                new SimulatorToken(
                    SimulatorToken.STANDARD.secret(), "owner", Set.of(LONDON, KATHMANDU)))
            .withForeignSite(Behaviour.Refusal.FORBIDDEN)
            .withListingSites(Behaviour.Refusal.FORBIDDEN));

    assertEnded(installation.run("snapshot", "live"), 77, STATUS);

    assertSampled(List.of(LONDON, KATHMANDU), NOW);
  }

  @Test
  void noSiteThatTheTokenMayRead() {
    api.behave(
        Behaviour.unlimited()
            .withTokens(
                new SimulatorToken(SimulatorToken.STANDARD.secret(), "owner", Set.of("OTHER")))
            .withForeignSite(Behaviour.Refusal.FORBIDDEN)
            .withListingSites(Behaviour.Refusal.FORBIDDEN));

    assertEnded(
        installation.run("snapshot", "live"), 77, "0 of 0 sites", LONDON, STATUS, KATHMANDU);

    assertThat(asked()).isEmpty();
  }

  /** Every few minutes, they must not make a long run's own record hard to find. */
  @Test
  void aRunFindsItsRecordAmongManySnapshots() {
    assertEnded(installation.run("migrate", "live"), 0);
    database.execute(
        """
        INSERT INTO fathom_ops.run
        SELECT 'later-' || i, 'live', 'snapshot', timestamptz '2026-06-12' + i * interval '1 minute',
               NULL, 0, 1, 1, 0, 0, 0, 0, 1, 0, 1, '{}'
          FROM generate_series(1, 500) AS i\
        """);

    assertEnded(installation.run("snapshot", "live"), 0);
    assertEnded(installation.run("run", "live"), 0);
  }

  @Test
  void aTokenThatIsRevokedOnTheWay() {
    api.behave(
        Behaviour.unlimited()
            .withFault(
                FaultRule.when(
                    r -> asks(r, STATUS, KATHMANDU), status(401, "{\"error\":\"no\"}", Map.of()))));

    assertEnded(installation.run("snapshot", "live"), 77);

    assertThat(asked()).as("nothing more is asked").hasSize(2);
    assertThat(inPostgres(SampleTable.VISITORS)).hasSize(1);
  }

  @Test
  void aSiteThatAsksToWaitFailsAlone() throws SQLException {
    api.behave(
        Behaviour.unlimited()
            .withFault(
                FaultRule.when(
                    r -> asks(r, STATUS),
                    status(503, "{\"error\":\"later\"}", Map.of("Retry-After", "3600")))));

    assertEnded(installation.run("snapshot", "live"), 75, "try again later", STATUS);

    assertSampled(List.of(LONDON, KATHMANDU), NOW);
  }

  /** A list that is missing is not an empty one. */
  @Test
  void anAnswerThatCannotBeUsed() throws SQLException {
    api.behave(
        Behaviour.unlimited()
            .withFault(
                FaultRule.when(r -> asks(r, STATUS), status(200, "{\"total\":3}", Map.of()))));

    assertEnded(installation.run("snapshot", "live"), 75, STATUS, "unusable");

    assertSampled(List.of(LONDON, KATHMANDU), NOW);
  }

  @Test
  void anotherSnapshotOfThePipelineIsUnderWayButNoRunStandsInTheWay() throws SQLException {
    assertEnded(installation.run("migrate", "live"), 0);
    try (PostgresSink other =
        new PostgresSink(
            new PostgresSettings(
                database.url(), database.user(), new SecretRef.Env(TestDatabase.PASSWORD_VARIABLE)),
            installation.variables())) {
      var nightly = other.ledger().tryLock("live").orElseThrow();
      assertEnded(installation.run("snapshot", "live"), 0);
      nightly.close();
      var snapshot = other.ledger().tryLock("snapshot/live").orElseThrow();
      assertEnded(installation.run("snapshot", "live"), 75, "another snapshot");
      snapshot.close();
    }
    assertSampled(SITES, NOW);
  }

  @Test
  void theFilesCannotBeWritten() throws IOException {
    Files.createDirectories(installation.warehouse());
    Files.writeString(installation.warehouse().resolve("current_pages"), "in the way");

    assertEnded(installation.run("snapshot", "live"), 74, "current_pages");

    assertThat(asked()).as("no request is paid for nothing").hasSizeLessThanOrEqualTo(1);
  }

  @Test
  void aTableOfThatNameIsNoReports() {
    for (SampleTable table : SampleTable.values()) {
      installation.pipeline(
          "clash", "all", "[parquet]", List.of(Question.pageviews(table.tableName(), "day")));
      assertEnded(
          installation.run("snapshot", "clash"),
          78,
          table.tableName(),
          "is a table of the snapshot command: choose another name");
    }
  }

  @Test
  void helpTellsWhatItDoesAndCosts() {
    assertEnded(
        installation.run("snapshot", "--help"),
        0,
        "fathom-export snapshot",
        "--totals-only",
        "current_visitors, current_pages",
        "one request per site, billed as a",
        "Example: fathom-export snapshot nightly");
    assertEnded(installation.run("--help"), 0, "snapshot");
    assertEnded(installation.run("snapshot"), 2, "PIPELINE");
    assertEnded(installation.run("snapshot", "nosuch"), 78, "nosuch");
  }

  // --- Killed

  /** Whenever it is killed: no sample in one table and not in the others, in none half. */
  @Test
  void killedBetweenSitesItLeavesWholeSamples() throws Exception {
    Semaphore arrivals = new Semaphore(0);
    api.dateBy(InstantSource.system());
    api.behave(
        Behaviour.unlimited()
            .withFault(
                FaultRule.when(
                    request -> {
                      if (request.path().equals(PATH)) {
                        arrivals.release();
                        return true;
                      }
                      return false;
                    },
                    new Fault.Delay(Duration.ofMillis(30)))));
    for (int kill = 1; kill <= SITES.size(); kill += SITES.size() - 1) {
      arrivals.drainPermits();
      try (ForkedRun process =
          ForkedRun.start(installation, List.of(), List.of("snapshot", "live"))) {
        assertThat(arrivals.tryAcquire(kill, SECONDS, TimeUnit.SECONDS))
            .as("it asks: %s", process.said())
            .isTrue();
        process.ends(11L * kill);
        process.kill();
        process.await(SECONDS);
      }
    }
    api.behave(Behaviour.unlimited());
    api.dateBy(InstantSource.fixed(NOW));

    assertEnded(installation.run("snapshot", "live"), 0);

    List<List<@Nullable Object>> samples = inPostgres(SampleTable.VISITORS);
    assertThat(samples.size())
        .as("three of the last call, and what was done before")
        .isGreaterThan(3);
    assertWhole(SampleTable.PAGES, inPostgres(SampleTable.PAGES), samples);
    assertWhole(SampleTable.REFERRERS, inPostgres(SampleTable.REFERRERS), samples);
    List<List<@Nullable Object>> inFiles = inParquet(SampleTable.VISITORS);
    assertThat(inFiles.size()).isGreaterThan(3);
    assertWhole(SampleTable.PAGES, inParquet(SampleTable.PAGES), inFiles);
    assertWhole(SampleTable.REFERRERS, inParquet(SampleTable.REFERRERS), inFiles);
    // The clock of the killed ones was the machine's; a sample is in Postgres first.
    assertThat(samples).containsAll(inFiles);
  }

  /** The visits stand still, so that every sample of a site has the same lists. */
  private void assertWhole(
      SampleTable table, List<List<@Nullable Object>> rows, List<List<@Nullable Object>> samples) {
    int expected = 0;
    for (List<@Nullable Object> sample : samples) {
      String site = String.valueOf(sample.get(0));
      Instant at = (Instant) Objects.requireNonNull(sample.get(1));
      int listed = Math.min(150, truth(table, site, NOW).size());
      assertThat(rows.stream().filter(r -> site.equals(r.get(0)) && at.equals(r.get(1))))
          .as("%s of %s at %s", table, site, at)
          .hasSize(listed);
      expected += listed;
    }
    assertThat(rows).as("%s without a sample", table).hasSize(expected);
  }
}
