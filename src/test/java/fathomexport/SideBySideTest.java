package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.ledger.PipelineLocks;
import fathomexport.report.SecretRef;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.RequestLog;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.Quota;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.sink.postgres.PostgresSink;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.testing.Fixture;
import fathomexport.testing.ForkedRun;
import fathomexport.testing.Installation;
import fathomexport.testing.Landed;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs that share a database: their locks, their quota, and what a signal, a kill, a stop does. */
@Timeout(600)
class SideBySideTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 6, 1);
  private static final LocalDate LAST = LocalDate.of(2025, 8, 10);
  private static final Instant NOW = Instant.parse("2025-10-02T14:00:00Z");
  private static final long SECONDS = 240;
  private static final String SITES = "[LDNBOOKS, UTCSTATS, KTMTRAIL]";
  private static final Question TRAFFIC = Question.pageviews("traffic_daily", "day");
  private static final Question PAGES =
      Question.pageviews("pages_daily", "day", "hostname", "pathname");
  private static final Question BROWSERS = Question.pageviews("browsers_hourly", "hour", "browser");

  @TempDir Path directory;

  private final World world = World.dozen(41, FIRST, LAST, 0);
  private final Behaviour normal = Behaviour.unlimited();
  private final List<ForkedRun> processes = new ArrayList<>();
  @RegisterExtension final Fixture fixture = new Fixture();
  private FathomSimulator api;
  private TestDatabase database;
  private Installation installation;

  @BeforeEach
  void start() throws IOException {
    api = fixture.api(world, normal);
    database = fixture.database();
    installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
            .inRealTime()
            .pipeline("all", SITES, "[postgres, parquet]", List.of(TRAFFIC, PAGES));
  }

  @AfterEach
  void stop() throws InterruptedException {
    for (ForkedRun process : processes) {
      process.kill();
      process.await(60);
    }
  }

  private Installation.Ended backfill(String... more) {
    List<String> arguments = new ArrayList<>(arguments("all"));
    arguments.addAll(List.of(more));
    return installation.run(arguments.toArray(new String[0]));
  }

  private static List<String> arguments(String pipeline) {
    return List.of("backfill", pipeline, "--from", FIRST.toString(), "--to", LAST.toString());
  }

  /** Starts a backfill in a process of its own. */
  private ForkedRun fork(String pipeline) {
    ForkedRun forked = ForkedRun.start(installation, List.of(), arguments(pipeline));
    processes.add(forked);
    return forked;
  }

  private void assertTrue(Question report) {
    List<List<@Nullable Object>> expected = new ArrayList<>();
    for (String site : List.of("LDNBOOKS", "UTCSTATS", "KTMTRAIL")) {
      expected.addAll(report.expected(world, api.truth(), site, FIRST, LAST));
    }
    assertThat(Landed.differences(expected, Landed.inPostgres(database, report))).isEmpty();
    assertThat(Landed.differences(expected, Landed.inParquet(installation.warehouse(), report)))
        .isEmpty();
  }

  /** Does something while the n-th aggregation is being asked. */
  private static FaultRule at(int n, ThrowingRunnable action, ConcurrentLinkedQueue<Throwable> no) {
    AtomicInteger asked = new AtomicInteger();
    return FaultRule.when(
        request -> {
          if (request.aggregation() > 0 && asked.incrementAndGet() == n) {
            try {
              action.run();
            } catch (Exception e) {
              no.add(e);
            }
          }
          return false;
        },
        Fault.empty());
  }

  private interface ThrowingRunnable {
    void run() throws Exception;
  }

  /** All sessions of the database but the superuser's who asks. */
  private void endSessions(String which) {
    database.executeAsSuperuser(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity a"
            + " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            + which);
  }

  @Test
  void aDatabaseThatDropsAllItsSessionsIsGoneOnWith() {
    ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    api.behave(
        normal
            .withFault(at(2, () -> endSessions(""), failures))
            .withFault(at(5, () -> endSessions(""), failures)));

    Installation.Ended ended = backfill();

    assertThat(failures).isEmpty();
    assertThat(ended.code()).as(ended.said()).isZero();
    assertThat(api.log().aggregations()).as("nothing is asked twice").hasSize(6);
    assertTrue(TRAFFIC);
    assertTrue(PAGES);
  }

  /** It waits for an answer, its lock's session ends, and another run takes the lock. */
  @Test
  void aRunThatWasTakenOverStoresNothingMore() {
    ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    AtomicReference<List<List<@Nullable Object>>> before = new AtomicReference<>();
    AtomicReference<PipelineLocks.RunLock> taken = new AtomicReference<>();
    try (PostgresSink other =
        new PostgresSink(
            new PostgresSettings(
                database.url(), database.user(), new SecretRef.Env(TestDatabase.PASSWORD_VARIABLE)),
            installation.variables())) {
      api.behave(
          normal.withFault(
              at(
                  3,
                  () -> {
                    endSessions(
                        " AND EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid"
                            + " AND l.locktype = 'advisory' AND l.objsubid = 1)");
                    taken.set(other.ledger().tryLock("all").orElseThrow());
                    before.set(ledger());
                  },
                  failures)));

      Installation.Ended ended = backfill();

      assertThat(failures).isEmpty();
      assertThat(ended.code()).as(ended.said()).isEqualTo(75);
      assertThat(ended.out() + ended.err())
          .contains("another run of pipeline all has taken the lock");
      assertThat(ledger()).isEqualTo(before.get());
      assertThat(api.log().aggregations()).as("nothing more is asked").hasSizeLessThanOrEqualTo(4);
      Objects.requireNonNull(taken.get()).close();
    }
    api.behave(normal);
    assertThat(backfill().code()).isZero();
    assertTrue(TRAFFIC);
    assertTrue(PAGES);
  }

  private List<List<@Nullable Object>> ledger() {
    return database.query(
        "SELECT report, site_id, period::text, run_id FROM fathom_ops.ledger ORDER BY 1, 2, 3");
  }

  /** Whatever goes wrong on the way, no run makes more requests than it may. */
  @Test
  void abackfillInBudgetsEndsAsOneWithout() {
    AtomicInteger asked = new AtomicInteger();
    api.behave(
        normal.withFault(
            FaultRule.when(
                r -> r.aggregation() > 0 && asked.incrementAndGet() == 4, Fault.status(503))));
    int runs = 0;
    int requests = 0;
    while (true) {
      api.log().clear();
      Installation.Ended ended = backfill("--max-requests", "2", "--oldest-first");
      int made = api.log().aggregations().size();
      requests += made;
      assertThat(made).as(ended.said()).isLessThanOrEqualTo(2);
      if (ended.code() == 0) {
        break;
      }
      assertThat(ended.code()).as(ended.said()).isEqualTo(75);
      assertThat(ended.out() + ended.err()).contains("2 requests");
      assertThat(++runs).as("runs").isLessThan(10);
    }
    assertTrue(TRAFFIC);
    assertTrue(PAGES);
    System.out.printf(
        "a backfill of 6 requests in budgets of 2: %d runs, %d requests%n", runs + 1, requests);
    assertThat(requests).as("what failed is asked again").isLessThanOrEqualTo(8);
    assertThat(database.query("SELECT sum(requests)::int FROM fathom_ops.request_count"))
        .containsExactly(List.of(requests));
    assertThat(backfill("--max-requests", "0").code()).isEqualTo(2);
  }

  @Test
  void abudgetThatIsUsedUpWithinAWindowIsNotBlamedOnTheApi() {
    // So few rows a page that a window takes more requests than could be foreseen.
    installation.settings(30);

    Installation.Ended ended = backfill("--max-requests", "5");

    assertThat(ended.code()).as(ended.said()).isEqualTo(75);
    assertThat(api.log().aggregations()).hasSize(5);
    assertThat(ended.out() + ended.err())
        .contains("the run's budget is used up: it may make no more than 5 requests")
        .contains("\"status\":\"budget\"")
        .doesNotContain("unavailable");
  }

  /** A 429 that one run is given holds back all: the account's row says so. */
  @Test
  void limitsAreCountedAndDeferralsShared() {
    api.behave(normal.withFault(FaultRule.onAggregation(2, Fault.tooMany("1"))));

    assertThat(backfill().code()).isZero();

    assertThat(
            database.query(
                "SELECT requests, limited, deferred_until > '-infinity'"
                    + " FROM fathom_ops.request_count JOIN fathom_ops.account USING (account)"
                    + " WHERE quota = 'reports'"))
        .containsExactly(List.of(7L, 1L, true));
  }

  /**
   * Holds every report that is asked for back, until the latch opens or somebody gives up. Two may
   * be asked for at once: with one, the second would arrive when the first has timed out.
   */
  private CountDownLatch arrivals(int n, CountDownLatch until) {
    installation.settings(1_000, 1_000, "  max_in_flight: 2\n");
    CountDownLatch latch = new CountDownLatch(n);
    api.behave(
        normal.withFault(
            FaultRule.when(
                r -> {
                  if (r.aggregation() == 0) {
                    return false;
                  }
                  latch.countDown();
                  try {
                    until.await(SECONDS, TimeUnit.SECONDS);
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                  return true;
                },
                new Fault.Delay(Duration.ofSeconds(1)))));
    return latch;
  }

  private static double await(CountDownLatch latch, ForkedRun process) throws InterruptedException {
    long from = System.nanoTime();
    assertThat(latch.await(SECONDS, TimeUnit.SECONDS)).as(process.said()).isTrue();
    return (System.nanoTime() - from) / 1e9;
  }

  @Test
  void akilledRunBlocksTheNextOneForNoTime() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    CountDownLatch asked = arrivals(2, never);
    ForkedRun first = fork("all");
    double undisturbed = await(asked, first);
    CountDownLatch askedAgain = arrivals(1, never);
    first.kill();
    first.await(SECONDS);
    double afterKill = await(askedAgain, fork("all"));
    never.countDown();
    System.out.printf(
        "to the first request: %.1f s, and %.1f s after a kill -9%n", undisturbed, afterKill);
    // Without waiting for what the killed run held: its permits would lapse after a minute.
    assertThat(afterKill - undisturbed).isLessThan(55);
  }

  @ParameterizedTest
  @CsvSource({"TERM, 143", "INT, 130"})
  void aSignalLetsTheWindowInHandBeFinished(String signal, int code) throws Exception {
    CountDownLatch signalled = new CountDownLatch(1);
    CountDownLatch asked = arrivals(2, signalled);
    ForkedRun process = fork("all");
    await(asked, process);
    int before = api.log().aggregations().size();
    process.signal(signal);
    signalled.countDown();
    Installation.Ended ended = process.await(SECONDS);
    assertThat(ended.code()).as(ended.said()).isEqualTo(code);
    assertThat(ended.said()).doesNotContain("ended at once");
    assertThat(api.log().aggregations()).as("no new request").hasSizeBetween(before, before + 1);
    assertThat(ledger()).as("the window in hand").isNotEmpty();

    api.behave(normal);
    assertThat(backfill().code()).isZero();
    assertTrue(TRAFFIC);
    assertTrue(PAGES);
  }

  @Test
  void aSecondSignalStopsAtOnce() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    CountDownLatch asked = arrivals(1, never);
    ForkedRun process = fork("all");
    await(asked, process);
    process.signal("TERM");
    assertThat(process.ends(2_000)).as("it waits for the answer").isFalse();
    process.signal("INT");
    Installation.Ended ended = process.await(SECONDS);
    never.countDown();
    assertThat(ended.code()).as(ended.said()).isEqualTo(130);
    assertThat(ended.said()).contains("stopped at once");
  }

  /** In real time, against a server that counts: no request is refused. */
  @Tag("chaos")
  @Test
  @Timeout(600)
  void twoProcessesShareAQuotaForThreeMinutes() throws Exception {
    installation
        .settings(1_000, 10, "")
        .pipeline("one", "[LDNBOOKS, UTCSTATS]", "[postgres]", List.of(TRAFFIC, BROWSERS))
        .pipeline("two", "[KTMTRAIL, INDCRFTS]", "[postgres]", List.of(TRAFFIC, BROWSERS));
    api.behave(
        normal.withReportsQuota(Quota.aMinute(Quota.Model.SLIDING, 10)).withInFlightLimit(1));
    assertThat(installation.run("migrate", "one").code()).isZero();
    ForkedRun one = fork("one");
    ForkedRun two = fork("two");
    // Three minutes from the first request on: how long the processes take to start says nothing.
    Instant latest = Instant.now().plusSeconds(SECONDS);
    while (api.log().aggregations().isEmpty() && Instant.now().isBefore(latest)) {
      assertThat(one.ends(500)).as(one.said()).isFalse();
    }
    Instant end = Instant.now().plusSeconds(185);
    while (Instant.now().isBefore(end)) {
      assertThat(one.ends(500)).as(one.said()).isFalse();
      assertThat(two.ends(500)).as(two.said()).isFalse();
    }
    List<RequestLog.Entry> entries = api.log().aggregations();
    long refused = entries.stream().filter(e -> e.status() == 429).count();
    // Who starts first may have the whole first minute: nobody else wants it yet.
    Instant shared = entries.get(0).arrivedAt().plusSeconds(60);
    List<RequestLog.Entry> later =
        entries.stream().filter(e -> e.arrivedAt().isAfter(shared)).toList();
    // By site: a control query does not tell whose it is.
    long ofTwo =
        later.stream()
            .filter(
                e -> List.of("KTMTRAIL", "INDCRFTS").contains(e.request().parameter("entity_id")))
            .count();
    System.out.printf(
        "two processes, 185 s: %d requests, %d refused; of %d after the first minute, %d the"
            + " second's%n",
        entries.size(), refused, later.size(), ofTwo);
    assertThat(refused).isZero();
    assertThat(entries).hasSizeGreaterThanOrEqualTo(30);
    assertThat(ofTwo)
        .as("both share alike")
        .isBetween(later.size() * 2L / 5, later.size() - later.size() * 2L / 5);
  }
}
