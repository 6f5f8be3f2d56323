package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.ledger.PipelineLocks;
import fathomexport.report.SecretRef;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.RequestLog;
import fathomexport.simulator.behaviour.ApiRequest;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.sink.postgres.PostgresSink;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.testing.Fixture;
import fathomexport.testing.Installation;
import fathomexport.testing.Landed;
import fathomexport.testing.LogCapture;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever goes wrong: the exit code, the words, and that the rest is exported all the same. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FailuresTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 6, 1);
  private static final LocalDate LAST = LocalDate.of(2025, 9, 30);
  private static final Instant NOW = Instant.parse("2025-10-02T14:00:00Z");
  private static final String LONDON = "LDNBOOKS";
  private static final String STATUS = "UTCSTATS";
  private static final String KATHMANDU = "KTMTRAIL";
  private static final String SITES = "[" + LONDON + ", " + STATUS + ", " + KATHMANDU + "]";
  private static final String SECRET = "t0p-s3cr3t-t0k3n";

  private static final Question TRAFFIC = Question.pageviews("traffic_daily", "day");
  private static final Question PAGES =
      Question.pageviews("pages_daily", "day", "hostname", "pathname");

  private final World world = World.dozen(41, FIRST, LAST, 0);
  private final Behaviour normal =
      Behaviour.unlimited().withTokens(new SimulatorToken(SECRET, "owner", Set.of()));
  @RegisterExtension final Fixture fixture = new Fixture();
  private FathomSimulator api;
  private TestDatabase database;
  private Installation installation;

  @BeforeAll
  void start() throws IOException {
    api = FathomSimulator.start(world, normal);
  }

  @AfterAll
  void stop() {
    api.close();
  }

  @BeforeEach
  void install(@TempDir Path directory) {
    api.behave(normal);
    api.log().clear();
    database = fixture.database(List.of(TRAFFIC, PAGES));
    installation =
        new Installation(directory, database, api.baseUri(), SECRET, NOW)
            .pipeline("all", SITES, "[postgres, parquet]", List.of(TRAFFIC, PAGES));
  }

  private Installation.Ended backfill(String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of("backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString()));
    arguments.addAll(List.of(more));
    return installation.run(arguments.toArray(new String[0]));
  }

  private void assertTrue(Question report, String... sites) {
    List<List<@Nullable Object>> expected = new ArrayList<>();
    for (String site : sites) {
      expected.addAll(report.expected(world, api.truth(), site, FIRST, LAST));
    }
    assertThat(Landed.differences(expected, Landed.inPostgres(database, report)))
        .as("%s in Postgres", report.name())
        .isEmpty();
    assertThat(Landed.differences(expected, Landed.inParquet(installation.warehouse(), report)))
        .as("%s in Parquet", report.name())
        .isEmpty();
  }

  private static void assertEnded(Installation.Ended ended, int code, String... words) {
    assertThat(ended.code()).as(ended.said()).isEqualTo(code);
    for (String word : words) {
      assertThat(ended.out() + ended.err()).contains(word);
    }
  }

  private static Fault status(int status, String body, Map<String, String> headers) {
    return new Fault.Status(status, "application/json", body, headers);
  }

  private static boolean asksSite(ApiRequest request, String site) {
    return request.aggregation() > 0 && site.equals(request.site());
  }

  @Test
  void usage() {
    assertEnded(installation.run("backfill", "all", "--from", FIRST.toString()), 2, "--to");
    assertEnded(installation.run("export", "all"), 2, "export");
    assertEnded(
        installation.run("backfill", "all", "--from", "yesterday", "--to", "today"),
        2,
        "--to",
        "'today' is not a day");
    assertEnded(
        installation.run("backfill", "all", "--from", LAST.toString(), "--to", FIRST.toString()),
        2,
        "lies before");
    assertEnded(installation.run(), 2, "Usage");
    assertThat(api.log().all()).isEmpty();
  }

  @Test
  void aBadPipeline() {
    installation.write(
        "pipelines/all.yaml",
        """
        sites: all
        lookback_days: 3
        sinks: [postgres]
        reports:
          - name: traffic_daily
            entity: pageview
            aggregates: [visits, conversions]
            date_grouping: dya
        """);

    Installation.Ended ended = backfill();

    assertEnded(ended, 78, "pipelines/all.yaml:7", "conversions", "pipelines/all.yaml:8", "day");
    assertThat(api.log().all()).isEmpty();
  }

  @Test
  void badSettings() {
    installation.settings("api:\n  tokn: {env: X}\n");

    assertEnded(backfill(), 78, "conf/fathom-export.yaml:2", "token");
  }

  /** Who corrects the settings first would have to come back for the pipelines. */
  @Test
  void mistakesOfTheSettingsAndOfAllPipelinesAreNamedAtOnce() {
    installation.settings("api:\n  tokn: {env: X}\nparquet: {root: warehouse}\n");
    installation.write(
        "pipelines/all.yaml",
        "sites: all\nsinks: [postgres]\nreports:\n" + TRAFFIC.yaml().replace("day", "dya"));
    installation.write("pipelines/other.yaml", "sites: all\n");

    Installation.Ended ended = installation.run("validate");

    assertThat(ended.code()).as(ended.said()).isEqualTo(78);
    assertThat(ended.out())
        .contains("conf/fathom-export.yaml:2", "pipelines/other.yaml:1: reports")
        .containsPattern("pipelines/all.yaml:[4-9]: reports\\[0\\]\\.date_grouping")
        .contains(
            "pipelines/all.yaml:2: sinks[0]: 'postgres' is not configured: add postgres to"
                + " conf/fathom-export.yaml, or take it out here");
    assertThat(ended.err())
        .contains("until conf/fathom-export.yaml is correct, it is not checked whether")
        .doesNotContain("nor whether it configures the sinks");
  }

  /** A sink whose name is misspelt is configured once the settings are correct. */
  @Test
  void aMisspeltSinkOfTheSettingsIsNoMistakeOfThePipelines() {
    installation.settings("api: {token: {env: X}}\nparqet: {root: warehouse}\n");
    installation.write(
        "pipelines/all.yaml", "sites: all\nsinks: [parquet]\nreports:\n" + TRAFFIC.yaml());

    Installation.Ended ended = installation.run("validate");

    assertThat(ended.code()).as(ended.said()).isEqualTo(78);
    assertThat(ended.out()).contains("conf/fathom-export.yaml:2").doesNotContain("pipelines/all");
    assertThat(ended.err()).contains("nor whether it configures the sinks of the pipelines");
  }

  @Test
  void aTokenThatIsNotKnown() {
    installation.variable(Installation.TOKEN_VARIABLE, "an-0ther-t0k3n");

    Installation.Ended ended = backfill();

    assertEnded(ended, 77, "token");
    assertThat(ended.out() + ended.err()).doesNotContain("an-0ther-t0k3n");
    assertThat(api.log().aggregations()).isEmpty();
  }

  @Test
  void aTokenThatIsNotThere() {
    installation.withoutVariable(Installation.TOKEN_VARIABLE);

    assertEnded(backfill(), 77, Installation.TOKEN_VARIABLE);
    assertThat(api.log().all()).isEmpty();
  }

  /** A token that is revoked in the middle ends the run; what came before stays. */
  @Test
  void aTokenThatIsRevokedOnTheWay() {
    api.behave(
        normal.withFault(
            FaultRule.when(r -> r.aggregation() > 3, status(401, "{\"error\":\"no\"}", Map.of()))));

    Installation.Ended ended = backfill();

    assertEnded(ended, 77);
    assertThat(api.log().aggregations().size()).as("nothing more is asked").isEqualTo(4);
    assertThat(Landed.inPostgres(database, TRAFFIC)).isNotEmpty();

    api.behave(normal);
    assertEnded(backfill(), 0);
    assertTrue(TRAFFIC, LONDON, STATUS, KATHMANDU);
    assertTrue(PAGES, LONDON, STATUS, KATHMANDU);
  }

  @Test
  void theDatabaseIsDown() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    installation.settings(
        """
        api:
          base_url: %s
          token: {env: %s}
        postgres:
          url: %s
          user: fathom_loader
          password: {env: %s}
        parquet:
          root: warehouse
        """
            .formatted(
                api.baseUri(),
                Installation.TOKEN_VARIABLE,
                database.urlAt("127.0.0.1", port),
                TestDatabase.PASSWORD_VARIABLE));

    assertEnded(backfill(), 74, "127.0.0.1:" + port, "correct postgres.url in the settings");
    assertThat(api.log().aggregations()).as("no request is paid for nothing").isEmpty();
  }

  @Test
  void aSiteThatTheTokenMayNotRead() {
    mayNotBeRead(Behaviour.Refusal.FORBIDDEN);
  }

  @ParameterizedTest
  @EnumSource(names = "FORBIDDEN", mode = EnumSource.Mode.EXCLUDE)
  @Tag("chaos")
  void aSiteThatTheTokenMayNotReadSaidOtherwise(Behaviour.Refusal refusal) {
    mayNotBeRead(refusal);
  }

  private void mayNotBeRead(Behaviour.Refusal refusal) {
    api.behave(
        normal
            .withTokens(new SimulatorToken(SECRET, "owner", Set.of(LONDON, KATHMANDU)))
            .withForeignSite(refusal)
            .withListingSites(refusal));

    Installation.Ended ended = backfill();

    assertEnded(ended, 77, STATUS);
    assertTrue(TRAFFIC, LONDON, KATHMANDU);
    assertTrue(PAGES, LONDON, KATHMANDU);
  }

  /** The site is listed, but its reports are refused. */
  @Test
  void aSiteWhoseReportsAreRefused() {
    reportsAreRefused(403);
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 404})
  @Tag("chaos")
  void aSiteWhoseReportsAreRefusedOtherwise(int status) {
    reportsAreRefused(status);
  }

  private void reportsAreRefused(int status) {
    api.behave(
        normal.withFault(
            FaultRule.when(
                r -> asksSite(r, STATUS),
                status(status, "{\"error\":\"You have no permission to read this.\"}", Map.of()))));

    Installation.Ended ended = backfill();

    assertEnded(ended, 77, STATUS, "You have no permission to read this.");
    assertTrue(TRAFFIC, LONDON, KATHMANDU);
    assertTrue(PAGES, LONDON, KATHMANDU);
    assertThat(api.log().aggregations().stream().filter(e -> asksSite(e.request(), STATUS)).count())
        .as("one refusal is enough")
        .isEqualTo(1);
  }

  /** One row of one day: its day is kept out, the window's other days are certified and stored. */
  @Test
  void aRowThatCannotBeTyped() {
    LocalDate day = LocalDate.of(2025, 7, 14);
    api.behave(
        normal.withCorruptCell(new Behaviour.CorruptCell(STATUS, day, "avg_duration", "1d")));

    Installation.Ended ended = backfill();

    assertEnded(ended, 65, STATUS, "avg_duration is \"1d\"", day.toString());
    for (Question report : List.of(TRAFFIC, PAGES)) {
      List<List<@Nullable Object>> expected = new ArrayList<>();
      for (String site : List.of(LONDON, STATUS, KATHMANDU)) {
        report.expected(world, api.truth(), site, FIRST, LAST).stream()
            .filter(row -> !(site.equals(STATUS) && day.equals(row.get(1))))
            .forEach(expected::add);
      }
      assertThat(Landed.differences(expected, Landed.inPostgres(database, report))).isEmpty();
      assertThat(Landed.differences(expected, Landed.inParquet(installation.warehouse(), report)))
          .isEmpty();
      assertThat(
              database.query(
                  "SELECT site_id, period::text, stored FROM fathom_ops.ledger WHERE report = '"
                      + report.name()
                      + "' AND status <> 'certified'"))
          .allSatisfy(row -> assertThat(row).isEqualTo(List.of(STATUS, day.toString(), false)));
      assertThat(
              database.query(
                  "SELECT raw_text, reason FROM fathom_ops.quarantine WHERE report = '"
                      + report.name()
                      + "'"))
          .isNotEmpty()
          .allSatisfy(
              row ->
                  assertThat(String.valueOf(row.get(0)))
                      .contains("\"avg_duration\":\"1d\"")
                      .contains(day.toString()));
    }

    api.behave(normal);
    assertEnded(backfill(), 0);
    assertTrue(TRAFFIC, LONDON, STATUS, KATHMANDU);
    assertTrue(PAGES, LONDON, STATUS, KATHMANDU);
    assertThat(database.query("SELECT 1 FROM fathom_ops.quarantine WHERE settled_at IS NULL"))
        .as("quarantine is settled by a later success")
        .isEmpty();
  }

  /** What is stored stands when a later answer cannot be typed. */
  @Test
  void anUntypedRowNeverWipes() {
    assertEnded(backfill(), 0);
    api.behave(
        normal.withCorruptCell(
            new Behaviour.CorruptCell(LONDON, LocalDate.of(2025, 8, 3), "visits", "NaN")));

    assertEnded(backfill("--force"), 65, "visits is \"NaN\"");

    assertTrue(TRAFFIC, LONDON, STATUS, KATHMANDU);
    assertTrue(PAGES, LONDON, STATUS, KATHMANDU);
  }

  @Test
  void theApiIsDown() {
    isDown(503, 2, "it asks that nothing is sent about site");
    wasDown();
  }

  @Test
  @Tag("chaos")
  void theApiLimitsWithoutEnd() {
    isDown(429, 1, "the API has asked to wait until");
    assertEnded(backfill(), 75, "the API has asked to wait until");
    assertThat(api.log().aggregations()).as("another process knows, too").isEmpty();

    // As if the hour were over.
    database.executeAsSuperuser("UPDATE fathom_ops.account SET deferred_until = now()");
    wasDown();
  }

  /**
   * @param found requests that find out: one per site, or one for the account
   */
  private void isDown(int status, int found, String words) {
    api.behave(
        normal.withFault(
            FaultRule.when(
                r -> r.aggregation() > 3,
                status(status, "{\"error\":\"later\"}", Map.of("Retry-After", "3600")))));

    Installation.Ended ended = backfill();

    assertEnded(ended, 75, words, "--wait");
    assertThat(Landed.inPostgres(database, TRAFFIC)).as("what came before stays").isNotEmpty();
    assertThat(refused()).as("requests that found out").hasSize(found);

    api.behave(normal);
    api.log().clear();
  }

  private void wasDown() {
    assertEnded(backfill(), 0);
    assertTrue(TRAFFIC, LONDON, STATUS, KATHMANDU);
    assertTrue(PAGES, LONDON, STATUS, KATHMANDU);
  }

  private static long days(ApiRequest request) {
    return ChronoUnit.DAYS.between(
            day(request.parameter("date_from")), day(request.parameter("date_to")))
        + 1;
  }

  private static LocalDate day(@Nullable String second) {
    return LocalDate.parse(String.valueOf(second).substring(0, 10));
  }

  private List<Integer> refused() {
    return api.log().aggregations().stream()
        .filter(e -> e.status() != 200)
        .map(RequestLog.Entry::status)
        .toList();
  }

  /** Halved until it passes, a query shape at a time; and remembered. */
  @Test
  void aRangeThatIsRefused() {
    rangeIsRefused("unclear");
  }

  @Test
  @Tag("chaos")
  void aRangeThatIsRefusedInClearWords() {
    rangeIsRefused("clear");
  }

  private void rangeIsRefused(String words) {
    int widest = 40;
    api.behave(
        words.equals("clear")
            ? normal.withDayRangeRule(
                new Behaviour.RangeRule(widest, 422, "The range must not exceed 40 days."))
            : normal.withFault(
                FaultRule.when(
                    r -> r.aggregation() > 0 && days(r) > widest,
                    status(400, "{\"error\":\"Bad request.\"}", Map.of()))));

    Installation.Ended ended = backfill();

    assertEnded(ended, 0);
    assertTrue(TRAFFIC, LONDON, STATUS, KATHMANDU);
    assertTrue(PAGES, LONDON, STATUS, KATHMANDU);
    // 122 days, 61, 30: of each of the two shapes, for the first site only. The first refusal that
    // does not say what it is about is put to the proof with 500 rows and with 100 before.
    assertThat(refused()).hasSize(words.equals("clear") ? 4 : 6);
    api.log().clear();

    assertEnded(backfill("--force"), 0);

    assertThat(refused()).as("what was learned is asked at once").isEmpty();
    assertTrue(PAGES, LONDON, STATUS, KATHMANDU);
  }

  @Test
  void anotherRunHoldsTheLock() {
    assertEnded(installation.run("migrate", "all"), 0);
    try (PostgresSink sink =
        new PostgresSink(
            new PostgresSettings(
                database.url(), database.user(), new SecretRef.Env(TestDatabase.PASSWORD_VARIABLE)),
            installation.variables())) {
      PipelineLocks.RunLock lock = sink.ledger().tryLock("all").orElseThrow();
      assertEnded(backfill(), 75, "another run");
      assertThat(api.log().all()).isEmpty();
      lock.close();
    }
    assertEnded(backfill(), 0);
  }

  @Test
  void aChangedGrain() {
    assertEnded(backfill(), 0);
    api.log().clear();
    installation.pipeline(
        "all",
        SITES,
        "[postgres, parquet]",
        List.of(TRAFFIC, Question.pageviews("pages_daily", "day", "pathname")));

    assertEnded(backfill(), 78, "pages_daily", "hostname");

    assertThat(api.log().aggregations()).isEmpty();
    assertTrue(PAGES, LONDON, STATUS, KATHMANDU);
  }

  /** Not said, not logged, not stored: not even when the API says it first. */
  @Test
  void secretsStaySecret() throws IOException {
    api.behave(
        normal
            .withCorruptCell(
                new Behaviour.CorruptCell(LONDON, LocalDate.of(2025, 8, 3), "visits", "NaN"))
            .withFault(
                FaultRule.when(
                    r -> asksSite(r, STATUS),
                    status(400, "{\"error\":\"" + SECRET + " is no good\"}", Map.of()))));
    StringBuilder said = new StringBuilder();
    try (LogCapture log = LogCapture.ofAll()) {
      said.append(backfill("--verbose").said());
      said.append(installation.run("--json", "status", "all").said());
      said.append(installation.run("plan", "all", "--verbose").said());
      said.append(installation.run("validate", "--json").said());
      said.append(installation.run("sites", "--verbose").said());
      said.append(log.text());
    }
    for (String table : List.of("ledger", "attempt", "run", "quarantine", "learned")) {
      said.append(database.query("SELECT t::text FROM fathom_ops." + table + " t"));
    }
    try (var files = Files.walk(installation.warehouse())) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        said.append(Files.readString(file, StandardCharsets.ISO_8859_1));
      }
    }
    assertThat(said).contains("is no good");
    assertThat(said.indexOf(SECRET)).as("the token").isNegative();
    assertThat(said.indexOf(database.password())).as("the database's password").isNegative();
  }
}
