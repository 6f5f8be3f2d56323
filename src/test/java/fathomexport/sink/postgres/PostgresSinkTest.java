package fathomexport.sink.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import fathomexport.ledger.LedgerException;
import fathomexport.ledger.PipelineLocks;
import fathomexport.ledger.QuarantinedRow;
import fathomexport.ledger.Restatement;
import fathomexport.ledger.RestatementReason;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.Entity;
import fathomexport.report.Field;
import fathomexport.report.Filter;
import fathomexport.report.Operator;
import fathomexport.report.Report;
import fathomexport.report.SecretRef;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.sink.CommitResult;
import fathomexport.sink.Fence;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkContract;
import fathomexport.sink.SinkException;
import fathomexport.sink.WindowLoad;
import fathomexport.sink.postgres.commit.WindowTransaction;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.testing.CommitCutter;
import fathomexport.testing.LoadBuilder;
import fathomexport.testing.PostgresProxy;
import fathomexport.testing.TestDatabase;
import fathomexport.testing.TestReports;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The contract, and what only PostgreSQL has. */
class PostgresSinkTest extends SinkContract {
  private final TestDatabase database =
      TestDatabase.migratedFor(TestReports.traffic(), TestReports.pages());

  @Override
  protected Sink open() {
    return open(database.url(), Duration.ofSeconds(30));
  }

  private PostgresSink open(String url, Duration settleWithin) {
    return open(database, url, settleWithin);
  }

  private static PostgresSink open(TestDatabase database, String url, Duration settleWithin) {
    return new PostgresSink(
        new PostgresSettings(
            url, database.user(), new SecretRef.Env(TestDatabase.PASSWORD_VARIABLE)),
        database.environment(),
        settleWithin);
  }

  @AfterEach
  void dropDatabase() {
    database.close();
  }

  private List<List<@Nullable Object>> versions() {
    return database.query("SELECT date::text, xmin::text FROM fathom.traffic_daily ORDER BY date");
  }

  // --- What is written, and what is not

  @Test
  void aReloadOfEqualRowsWritesNone() {
    Sink sink = sink(TestReports.traffic());
    sink.commit(threeDays().build());
    List<List<@Nullable Object>> before = versions();

    sink.commit(threeDays().run("run-2", LATER).build());

    assertThat(versions()).isEqualTo(before);
  }

  @Test
  void aChangedDayLeavesTheRowsOfOtherDaysAlone() {
    Sink sink = sink(TestReports.traffic());
    sink.commit(threeDays().build());
    List<List<@Nullable Object>> before = versions();

    sink.commit(
        load(TestReports.traffic(), SITE, D1, D3)
            .row(D1, 1, 10, 1.5)
            .row(D2, 2, 20, 0.25)
            .row(D3, 3, 30, 0.0)
            .build());

    List<List<@Nullable Object>> after = versions();
    assertThat(after.get(0)).isEqualTo(before.get(0));
    assertThat(after.get(1)).isNotEqualTo(before.get(1));
    assertThat(after.get(2)).isEqualTo(before.get(2));
  }

  @Test
  void theJournalHoldsRowsAndEveryChangedSum() {
    Report goals = TestReports.goals();
    Sink sink = sink(goals);
    sink.commit(
        load(goals, SIGNUP, D1, D2).row(D1, "a", 1, 1, 995).row(D2, "a", 1, 1, null).build());
    sink.commit(
        load(goals, SIGNUP, D1, D2)
            .row(D1, "a", 1, 1, 1990)
            .row(D1, "b", 2, 1, null)
            .row(D2, "a", 1, 1, null)
            .run("run-2", LATER)
            .build());

    assertThat(
            database.query(
                """
                SELECT report, site_id, event_name, day::text, measure, before::bigint,
                       after::bigint, run_id
                  FROM fathom_ops.restatement ORDER BY id\
                """))
        .containsExactly(
            List.of(goals.name(), "CDBUGS", "signup", "2026-06-01", "rows", 1L, 2L, "run-2"),
            List.of(goals.name(), "CDBUGS", "signup", "2026-06-01", "conversions", 1L, 3L, "run-2"),
            List.of(
                goals.name(),
                "CDBUGS",
                "signup",
                "2026-06-01",
                "unique_conversions",
                1L,
                2L,
                "run-2"),
            List.of(goals.name(), "CDBUGS", "signup", "2026-06-01", "value", 995L, 1990L, "run-2"));
  }

  @Test
  void theJournalTellsAnAddedMeasureFromZero() {
    Report before = TestReports.measuring("m", List.of(Aggregate.PAGEVIEWS));
    Report after = TestReports.measuring("m", List.of(Aggregate.PAGEVIEWS, Aggregate.VISITS));
    Sink sink = sink(before);
    sink.commit(load(before, SITE, D1, D2).row(D1, 5).build());
    sink.migrate(List.of(after));
    sink.commit(
        load(after, SITE, D1, D2)
            .row(D1, 5, 3)
            .row(D2, 1, 1)
            .definition("definition-2")
            .run("run-2", LATER)
            .build());

    assertThat(sink.ledger().restatements("m", 10))
        .containsExactlyInAnyOrder(
            new Restatement(
                "m", SITE, D1, "rows", 1.0, 1.0, LATER, "run-2", RestatementReason.DEFINITION),
            new Restatement(
                "m", SITE, D1, "visits", null, 3.0, LATER, "run-2", RestatementReason.DEFINITION),
            new Restatement(
                "m", SITE, D2, "rows", 0.0, 1.0, LATER, "run-2", RestatementReason.DEFINITION),
            new Restatement(
                "m", SITE, D2, "pageviews", 0.0, 1.0, LATER, "run-2", RestatementReason.DEFINITION),
            new Restatement(
                "m", SITE, D2, "visits", 0.0, 1.0, LATER, "run-2", RestatementReason.DEFINITION));
  }

  @Test
  void quarantineIsSettledByOtherWindowsThatCoverWhatFailed() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    LoadBuilder failing = threeDays().incomplete(D1, false).incomplete(D3, false);
    QuarantinedRow refused =
        new QuarantinedRow(
            report.name(), SITE, failing.window().id(), "run-1", LATER, "{\"a\":\"\0\"}", "why");
    sink.commit(failing.quarantined(List.of(refused)).build());

    sink.commit(load(report, SITE, D2, D4).row(D3, 1, 1, 1.0).build());
    assertThat(sink.ledger().quarantined(report.name(), 10))
        .as("the first day is still open")
        .extracting(QuarantinedRow::rawText)
        .containsExactly("{\"a\":\"\uFFFD\"}");
    sink.commit(load(report, SITE, D1, D2).row(D1, 1, 1, 1.0).build());
    assertThat(sink.ledger().quarantined(report.name(), 10)).isEmpty();
  }

  // --- Many at a time

  @Test
  void commitsOfOneWindowAtATimeLeaveOneOfThem() throws Exception {
    Report report = TestReports.pages();
    Sink sink = sink(report);
    List<LoadBuilder> loads = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      LoadBuilder load = load(report, SITE, D1, D2).run("run-" + i, LATER);
      for (int n = 0; n < 200; n++) {
        load.row(D1, "h" + (n % (i + 2)), "/" + n, i, i, null);
      }
      loads.add(load);
    }
    List<CommitResult> results = atOnce(loads.stream().map(l -> commit(sink, l)).toList());

    assertThat(results).allMatch(r -> r.rowsStored() == 200);
    assertThat(results).filteredOn(r -> !r.changed().isEmpty()).hasSize(6);
    String last = entries(sink, report).get(0).provenance().runId();
    LoadBuilder winner = loads.get(last.charAt(4) - '0');
    assertThat(stored(sink, report, SITE)).isEqualTo(winner.rows());
    assertThat(entries(sink, report)).containsExactlyInAnyOrderElementsOf(winner.entries());
    assertThat(database.query("SELECT count(DISTINCT run_id) FROM fathom_ops.restatement"))
        .containsExactly(List.of(5L));
  }

  private static Callable<CommitResult> commit(Sink sink, LoadBuilder load) {
    return () -> sink.commit(load.build());
  }

  @Test
  void windowsOfDifferentSlicesDoNotWaitForEachOther() throws Exception {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    sink.commit(threeDays().build());
    try (Connection blocker = database.connect();
        Statement statement = blocker.createStatement()) {
      blocker.setAutoCommit(false);
      WindowTransaction.lock(blocker, threeDays().window());
      sink.commit(load(report, OTHER_SITE, D1, D1).row(D1, 1, 1, 1.0).build());
      assertThat(statement.isClosed()).isFalse();
    }
    assertThat(stored(sink, report, OTHER_SITE)).hasSize(1);
  }

  @Test
  void migrationsAtATimeAgree() throws Exception {
    List<Report> reports = List.of(TestReports.traffic(), TestReports.pages(), TestReports.goals());
    List<Callable<Boolean>> runs = new ArrayList<>();
    try (TestDatabase empty = TestDatabase.create()) {
      for (int i = 0; i < 4; i++) {
        List<Report> some = reports.subList(0, i % 3 + 1);
        runs.add(
            () -> {
              try (Sink own = open(empty, empty.url(), Duration.ofSeconds(30))) {
                own.migrate(some);
                return true;
              }
            });
      }
      assertThat(atOnce(runs)).hasSize(4);
      assertThat(empty.query("SELECT report FROM fathom_ops.report ORDER BY report"))
          .extracting(r -> r.get(0))
          .containsExactly("goals_daily", "pages_daily", "traffic_daily");
    }
  }

  private static <T> List<T> atOnce(List<Callable<T>> calls) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(calls.size());
    try {
      CountDownLatch start = new CountDownLatch(calls.size());
      List<Future<T>> futures = new ArrayList<>();
      for (Callable<T> call : calls) {
        futures.add(
            threads.submit(
                () -> {
                  start.countDown();
                  start.await();
                  return call.call();
                }));
      }
      List<T> results = new ArrayList<>();
      for (Future<T> future : futures) {
        results.add(future.get());
      }
      return results;
    } finally {
      threads.shutdownNow();
    }
  }

  // --- Connections that break

  @Test
  void aCommitWhoseReplyIsLostIsSettledByAsking() {
    lostCommit(
        CommitCutter.Cut.REPLY,
        1,
        sink -> {
          LoadBuilder load = threeDays();
          assertThat(sink.commit(load.build()).changed()).containsExactly(D1, D2, D3);
          assertThat(stored(sink, TestReports.traffic(), SITE)).isEqualTo(load.rows());
        });
  }

  /** The ledger then has no entry of this load, but its failed attempts. */
  @Test
  void aCommitOfFailedPeriodsWhoseReplyIsLostIsSettledByAsking() {
    LoadBuilder before = threeDays();
    sink(TestReports.traffic()).commit(before.build());
    lostCommit(
        CommitCutter.Cut.REPLY,
        1,
        sink -> {
          LoadBuilder load = threeDays().run("run-2", LATER);
          List.of(D1, D2, D3).forEach(day -> load.incomplete(day, false));
          QuarantinedRow refused =
              new QuarantinedRow(
                  "traffic_daily", SITE, load.window().id(), "run-2", LATER, "{}", "why");
          sink.commit(load.quarantined(List.of(refused)).build());
          assertThat(entries(sink, TestReports.traffic()))
              .containsExactlyInAnyOrderElementsOf(before.entries());
          assertThat(sink.ledger().quarantined("traffic_daily", 10)).containsExactly(refused);
        });
  }

  @Test
  void aCommitThatNeverArrivedIsDoneOnceMore() {
    lostCommit(
        CommitCutter.Cut.REQUEST,
        2,
        sink -> {
          LoadBuilder load = threeDays();
          assertThat(sink.commit(load.build()).changed()).containsExactly(D1, D2, D3);
          assertThat(stored(sink, TestReports.traffic(), SITE)).isEqualTo(load.rows());
        });
  }

  /**
   * The server has called a transaction committed whose rows it does not hold: that of a standby
   * which took over without it, and gave its number to another.
   */
  @Test
  void aTransactionThatAFailoverLostIsCommittedOnceMore() {
    try (PostgresProxy proxy = new PostgresProxy(database.host(), database.port());
        Sink sink =
            open(
                database.urlAt("127.0.0.1", proxy.port()) + "?sslmode=disable",
                Duration.ofSeconds(10))) {
      sink.migrate(List.of(TestReports.traffic()));
      proxy.watch(
          (point, nth) -> {
            if (point != PostgresProxy.Point.COMMIT_ANSWERED || nth != 1) {
              return PostgresProxy.Deed.PASS;
            }
            database.executeAsSuperuser("DELETE FROM fathom.traffic_daily");
            database.executeAsSuperuser("DELETE FROM fathom_ops.ledger");
            return PostgresProxy.Deed.CUT;
          });
      LoadBuilder load = threeDays();
      assertThat(sink.commit(load.build()).changed()).containsExactly(D1, D2, D3);
      assertThat(stored(sink, TestReports.traffic(), SITE)).isEqualTo(load.rows());
      assertThat(sink.ledger().entries("traffic_daily", List.of(), D1)).hasSize(3);
    }
  }

  @Test
  void aCommitThatStaysInProgressIsUnknown() {
    lostCommit(
        CommitCutter.Cut.REQUEST_UNNOTICED,
        1,
        sink -> {
          SinkException e =
              refused(SinkException.Kind.UNKNOWN, () -> sink.commit(threeDays().build()));
          assertThat(e).hasMessageContaining("traffic_daily CDBUGS 2026-06-01..2026-06-03");
        });
  }

  @Test
  void aCommitThatCannotBeAskedForIsUnknown() {
    lostCommit(
        CommitCutter.Cut.REPLY_AND_ALL_THAT_FOLLOWS,
        1,
        sink -> refused(SinkException.Kind.UNKNOWN, () -> sink.commit(threeDays().build())));
    Sink direct = sink(TestReports.traffic());
    assertThat(direct.commit(threeDays().build()).changed()).as("it had been done").isEmpty();
  }

  private void lostCommit(CommitCutter.Cut cut, int commits, Consumer<Sink> test) {
    try (CommitCutter proxy = new CommitCutter(database.host(), database.port());
        Sink sink = open(database.urlAt("127.0.0.1", proxy.port()), Duration.ofMillis(800))) {
      sink.migrate(List.of(TestReports.traffic()));
      proxy.cutNext(cut);
      test.accept(sink);
      assertThat(proxy.commits()).as("commits that were sent").isEqualTo(commits);
    }
  }

  /** More than fits the buffers between here and the server. */
  private LoadBuilder large() {
    LoadBuilder load = load(TestReports.pages(), SITE, D1, D1);
    String path = "/" + "p".repeat(2000);
    for (int i = 0; i < 10_000; i++) {
      load.row(D1, "h", path + i, 1, 2, 1.5);
    }
    return load;
  }

  private static String impatient(PostgresProxy proxy, TestDatabase database) {
    return database.urlAt("127.0.0.1", proxy.port()) + "?sslmode=disable&socketTimeout=2";
  }

  /**
   * Nobody takes what is sent, and nothing says that the connection is gone: not to the server
   * either, which keeps the window's lock from the second try.
   */
  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void aCopyThatStallsIsAnUnavailableDatabase() {
    LoadBuilder load = large();
    try (PostgresProxy proxy = new PostgresProxy(database.host(), database.port());
        Sink sink = open(impatient(proxy, database), Duration.ofMillis(100))) {
      sink.migrate(List.of(TestReports.pages()));
      proxy.atByte(1_000_000, PostgresProxy.Deed.STALL);

      refused(SinkException.Kind.UNAVAILABLE, () -> sink.commit(load.build()));

      proxy.heal();
      assertThat(sink.commit(load.build()).rowsStored()).isEqualTo(10_000);
    }
  }

  /** A session that is idle in its transaction, as that of a machine that was put to sleep. */
  @Test
  void everySessionEndsByItselfWhenItsClientIsGone() throws Exception {
    try (Database connections = new Database(database.settings(), database.environment());
        Connection connection = connections.connect();
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT current_setting('idle_in_transaction_session_timeout')::interval,"
                    + " current_setting('lock_timeout')::interval,"
                    + " current_setting('tcp_keepalives_idle')::int")) {
      row.next();
      assertThat(row.getString(1)).isEqualTo("00:05:00");
      assertThat(row.getString(2)).isEqualTo("00:05:00");
      assertThat(row.getInt(3)).isEqualTo(20);
    }
  }

  @Test
  void aKeptConnectionThatBrokeIsReplaced() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    sink.commit(threeDays().build());
    endOtherSessions();
    assertThat(sink.commit(threeDays().build()).changed()).isEmpty();
    endOtherSessions();
    assertThat(entries(sink, report)).hasSize(3);
    endOtherSessions();
    assertThat(stored(sink, report, SITE)).hasSize(3);
  }

  /** As many lanes as several accounts have, and a table that a reader has locked. */
  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void manyLanesShareFewConnections() throws Exception {
    Sink sink = sink(TestReports.traffic());
    List<Thread> lanes = new ArrayList<>();
    try (Connection reader = database.connect();
        Statement statement = reader.createStatement()) {
      reader.setAutoCommit(false);
      statement.execute("LOCK TABLE fathom.traffic_daily IN ACCESS EXCLUSIVE MODE");
      for (int i = 0; i < 12; i++) {
        Slice site = new Slice(new SiteId("LANE" + i), null);
        WindowLoad load = load(TestReports.traffic(), site, D1, D1).row(D1, 1, 10, 1.5).build();
        Thread lane = new Thread(() -> sink.commit(load), "lane-" + i);
        lane.start();
        lanes.add(lane);
      }
      while (lanes.stream().filter(lane -> lane.getState() == Thread.State.WAITING).count() < 8) {
        Thread.onSpinWait();
      }
      assertThat(
              database.query(
                  "SELECT count(*) <= 4 FROM pg_stat_activity WHERE datname = current_database()"
                      + " AND wait_event_type = 'Lock'"))
          .isEqualTo(List.of(List.of(true)));
      reader.rollback();
    }
    for (Thread lane : lanes) {
      lane.join();
    }
    assertThat(database.query("SELECT count(DISTINCT site_id) FROM fathom.traffic_daily"))
        .isEqualTo(List.of(List.of(12L)));
  }

  private void endOtherSessions() {
    database.executeAsSuperuser(
        """
        SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()\
        """);
  }

  @Test
  void theLockOfAProcessThatDiedIsFree() {
    Sink sink = sink();
    PipelineLocks.RunLock held = sink.ledger().tryLock("nightly").orElseThrow();
    endOtherSessions();
    sink.ledger().tryLock("nightly").orElseThrow().close();
    assertThat(held.stillHeld()).isFalse();
    held.close();
  }

  @Test
  void aLockThatNoOtherRunTookIsTakenAgain() {
    Sink sink = sink();
    try (PipelineLocks.RunLock held = sink.ledger().tryLock("nightly").orElseThrow()) {
      endOtherSessions();
      assertThat(held.stillHeld()).isTrue();
      assertThat(sink.ledger().tryLock("nightly")).isEmpty();
    }
    sink.ledger().tryLock("nightly").orElseThrow().close();
  }

  /** The window's transaction was begun under the old epoch: whoever takes over waits for it. */
  @Test
  void aCommitThatIsUnderWayKeepsTheLock() throws Exception {
    Sink sink = sink(TestReports.traffic());
    PipelineLocks.RunLock held = sink.ledger().tryLock("nightly").orElseThrow();
    try (Connection commit = database.connect()) {
      commit.setAutoCommit(false);
      new WindowTransaction(commit, new Fence("nightly", held.epoch())).commit(threeDays().build());
      held.close();
      // Ten seconds are waited for it.
      assertThat(sink.ledger().tryLock("nightly")).isEmpty();
    }
    assertThat(sink.ledger().tryLock("nightly")).isPresent();
  }

  @Test
  void aDatabaseThatIsDownIsNamedWithoutSecrets() throws Exception {
    int free;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      free = socket.getLocalPort();
    }
    String url = database.urlAt("127.0.0.1", free) + "?sslpassword=hush";
    try (Sink down = open(url, Duration.ofSeconds(1))) {
      for (ThrowingAction action :
          List.<ThrowingAction>of(
              () -> down.migrate(List.of()),
              () -> down.commit(threeDays().build()),
              () -> down.stored(TestReports.traffic(), SITE, ALWAYS))) {
        SinkException e = refused(SinkException.Kind.UNAVAILABLE, action);
        assertThat(e).hasMessageContaining("127.0.0.1:" + free + "/" + database.name());
        assertThat(trace(e)).doesNotContain("hush").doesNotContain(database.password());
      }
      assertThatThrownBy(() -> down.ledger().runs(1))
          .isInstanceOf(LedgerException.class)
          .hasMessageContaining("127.0.0.1:" + free + "/" + database.name());
    }
  }

  @Test
  void aWrongPasswordIsNotRepeatedInTheMessage() {
    database.executeAsSuperuser("CREATE TABLE public.unrelated (a int)");
    PostgresSettings settings =
        new PostgresSettings(database.url(), "nobody_of_that_name", new SecretRef.Env("PW"));
    try (Sink sink = new PostgresSink(settings, Map.of("PW", "hush-hush"))) {
      SinkException e = refused(SinkException.Kind.ACCESS, () -> sink.migrate(List.of()));
      assertThat(e).hasMessageContaining("nobody_of_that_name");
      assertThat(trace(e)).doesNotContain("hush-hush");
    }
  }

  private static String trace(Throwable e) {
    StringWriter out = new StringWriter();
    e.printStackTrace(new PrintWriter(out));
    return out.toString();
  }

  @Test
  void settingsShowNoSecretAndTakeNone() {
    PostgresSettings settings =
        new PostgresSettings(
            "jdbc:postgresql://h:1/d?sslpassword=hush", "me", new SecretRef.File("/run/pw"));
    assertThat(settings.toString()).isEqualTo("PostgresSettings[jdbc:postgresql://h:1/d, user=me]");
    for (String url :
        List.of("jdbc:postgresql://h/d?password=x", "jdbc:mysql://h/d", "postgresql://u:p@h/d")) {
      assertThatThrownBy(() -> new PostgresSettings(url, "me", null))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageNotContaining("=x")
          .hasMessageNotContaining("u:p");
    }
  }

  @Test
  void aLedgerThatWasNeverMadeSaysWhatToDo() {
    try (TestDatabase empty = TestDatabase.create();
        Sink sink = open(empty, empty.url(), Duration.ofSeconds(30))) {
      // A plan is asked for before the first run: nothing is known yet.
      assertThat(sink.ledger().runs(1)).isEmpty();
      SinkException e =
          refused(SinkException.Kind.DEFINITION, () -> sink.commit(threeDays().build()));
      assertThat(e).hasMessageContaining("fathom-export migrate");
    }
  }

  @Test
  void aLedgerOfWhichPartIsGoneSaysWhatToDo() {
    try (Sink sink = open()) {
      sink.migrate(List.of());
      database.execute("DROP TABLE fathom_ops.run CASCADE");
      assertThatThrownBy(() -> sink.ledger().runs(1))
          .isInstanceOf(SinkException.class)
          .hasMessageContaining("fathom-export migrate");
    }
  }

  // --- Tables

  @Test
  void tablesHaveTheContractsColumnsAndSpeakOfUnits() {
    Report pages = TestReports.pages();
    Report hourly = TestReports.pageviews("hourly", DateGrouping.HOUR);
    Report total =
        new Report(
            "total",
            Entity.PAGEVIEW,
            null,
            List.of(Aggregate.PAGEVIEWS),
            DateGrouping.NONE,
            List.of(),
            List.of(new Filter(Field.PATHNAME, Operator.IS_NOT, "/it's \\ here")));
    sink(pages, TestReports.goals(), hourly, total);

    assertThat(columns("pages_daily"))
        .isEqualTo(
            "site_id text NOT NULL, date date NOT NULL, hostname text, pathname text,"
                + " visits bigint NOT NULL, pageviews bigint NOT NULL,"
                + " avg_duration double precision");
    assertThat(columns("goals_daily"))
        .isEqualTo(
            "site_id text NOT NULL, event_name text NOT NULL, date date NOT NULL,"
                + " referrer_source text, conversions bigint NOT NULL,"
                + " unique_conversions bigint NOT NULL, value bigint");
    assertThat(columns("hourly"))
        .startsWith("site_id text NOT NULL, hour timestamp without time zone NOT NULL");
    assertThat(columns("total"))
        .isEqualTo(
            "site_id text NOT NULL, date_from date NOT NULL, date_to date NOT NULL,"
                + " pageviews bigint NOT NULL");
    assertThat(
            database.query(
                """
                SELECT a.attname::text, col_description(a.attrelid, a.attnum)
                  FROM pg_attribute a
                 WHERE a.attrelid IN ('fathom.pages_daily'::regclass, 'fathom.goals_daily'::regclass)
                   AND a.attname IN ('avg_duration', 'value')
                 ORDER BY 1\
                """))
        .extracting(r -> String.valueOf(r.get(1)))
        .satisfiesExactly(
            d -> assertThat(d).contains("seconds"), d -> assertThat(d).contains("cents"));
    assertThat(database.query("SELECT obj_description('fathom.total'::regclass)"))
        .extracting(r -> String.valueOf(r.get(0)))
        .first()
        .asString()
        .contains("pathname is not '/it's \\ here'");
  }

  @Test
  void everyTableViewAndColumnHasAComment() {
    sink(TestReports.pages(), TestReports.goals());

    assertThat(database.withoutComment("fathom")).isEmpty();
    assertThat(database.withoutComment("fathom_ops"))
        .as("Flyway's own table is the only exception")
        .allSatisfy(
            line -> assertThat(line.get(0)).asString().startsWith("fathom_ops.schema_history"));
  }

  private String columns(String table) {
    return String.valueOf(
        database
            .query(
                """
                SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod)
                         || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END, ', ' ORDER BY attnum)
                  FROM pg_attribute
                 WHERE attrelid = 'fathom.%s'::regclass AND attnum > 0 AND NOT attisdropped\
                """
                    .formatted(table))
            .get(0)
            .get(0));
  }

  @Test
  void theGrainIsUniqueWhateverItsFieldsHold() {
    sink(TestReports.campaigns());
    String insert = "INSERT INTO fathom.campaigns_daily VALUES ('s', '2026-01-01', %s, 1, 1, NULL)";
    for (String fields :
        List.of(
            "NULL, NULL, NULL",
            "NULL, NULL, ''",
            "NULL, '', NULL",
            "'', NULL, NULL",
            "'a', 'b', 'c'",
            "'ab', NULL, 'c'",
            "'a', 'bc', NULL",
            "'a', '=b', 'c'",
            "repeat('é', 4000), repeat('y', 4000), repeat('z', 4000)")) {
      database.execute(insert.formatted(fields));
      assertThatThrownBy(() -> database.execute(insert.formatted(fields)))
          .hasMessageContaining("duplicate key");
    }
  }

  /**
   * As the index has them, by the server's own account: its pages are filled one by one. Older
   * servers (14 and 15) put a short row now and then where an earlier page has some room left.
   */
  @Test
  void rowsStandInTheOrderOfTheIndex() {
    Report report = TestReports.pages();
    Sink sink = sink(report);
    LoadBuilder load = load(report, SITE, D1, D3);
    for (int i = 0; i < 3_000; i++) {
      load.row(
          D1.plusDays(i % 3), i % 7 == 0 ? null : "www.example.com", "/page/é" + i, i, 1, null);
    }
    sink.commit(load.build());
    String hash =
        "hashtextextended(coalesce('=' || pathname, '') COLLATE \"C\","
            + " hashtextextended(coalesce('=' || hostname, '') COLLATE \"C\", 0::bigint))";
    assertThat(
            database.query(
                "SELECT count(*), count(*) FILTER (WHERE at < before) < 10 FROM (SELECT (date, "
                    + hash
                    + ") AS at, lag((date, "
                    + hash
                    + ")) OVER (ORDER BY ctid) AS before FROM fathom.pages_daily) AS rows"))
        .containsExactly(List.of(3_000L, true));
  }

  @Test
  void theGrainsIndexServesQueriesBySiteAndDay() {
    sink(TestReports.pages());
    database.execute(
        """
        INSERT INTO fathom.pages_daily
        SELECT 's' || s, date '2026-01-01' + d, 'h', '/' || p, 1, 1, NULL
          FROM generate_series(1, 20) s, generate_series(0, 99) d, generate_series(1, 10) p\
        """,
        "ANALYZE fathom.pages_daily");
    assertThat(
            database.query(
                """
                EXPLAIN SELECT pathname, sum(pageviews) FROM fathom.pages_daily
                 WHERE site_id = 's3' AND date BETWEEN '2026-02-01' AND '2026-02-03' GROUP BY 1\
                """))
        .extracting(r -> String.valueOf(r.get(0)))
        .anyMatch(
            line ->
                line.contains("Index Cond") && line.contains("site_id") && line.contains("date"));
  }

  @Test
  void anotherPeriodIsAnotherGrain() {
    sink(TestReports.pageviews("r", DateGrouping.DAY));
    refused(
        SinkException.Kind.DEFINITION, () -> sink(TestReports.pageviews("r", DateGrouping.MONTH)));
  }

  @Test
  void theWayOutOfAChangedGrainWorks() {
    Report before = TestReports.pages();
    Sink sink = sink(before);
    sink.commit(load(before, SITE, D1, D1).row(D1, "h", "/", 1, 1, 1.0).build());
    Report after = TestReports.pageviews(before.name(), DateGrouping.DAY, Field.HOSTNAME);
    Report innocent = TestReports.pageviews("innocent_daily", DateGrouping.DAY);
    SinkException e =
        refused(SinkException.Kind.DEFINITION, () -> sink.migrate(List.of(innocent, after)));
    assertThat(database.query("SELECT to_regclass('fathom.innocent_daily') IS NULL"))
        .as("nothing is migrated when something is refused")
        .containsExactly(List.of(true));
    String wayOut = "ALTER TABLE fathom.\"pages_daily\" RENAME TO \"pages_daily_old\";";
    assertThat(e).hasMessageContaining(wayOut);

    database.execute(wayOut);
    sink.migrate(List.of(innocent, after));

    assertThat(entries(sink, after)).as("what was stored was moved away").isEmpty();
    LoadBuilder load = load(after, SITE, D1, D1).row(D1, "h", 1, 1, 1.0);
    sink.commit(load.build());
    assertThat(stored(sink, after, SITE)).isEqualTo(load.rows());
    assertThat(database.query("SELECT count(*) FROM fathom.pages_daily_old"))
        .containsExactly(List.of(1L));
  }

  @Test
  void aRemovedAggregateIsRefusedAndTheWayOutWorks() {
    Sink sink = sink(TestReports.traffic());
    sink.commit(threeDays().build());
    Report after =
        TestReports.measuring("traffic_daily", List.of(Aggregate.VISITS, Aggregate.PAGEVIEWS));
    String wayOut = "ALTER TABLE fathom.\"traffic_daily\" DROP COLUMN \"avg_duration\";";
    SinkException e = refused(SinkException.Kind.DEFINITION, () -> sink.migrate(List.of(after)));
    assertThat(e)
        .hasMessageContaining("avg_duration")
        .hasMessageContaining("another name")
        .hasMessageContaining(wayOut);

    // The views that read the table are dropped first, as the message says, and come again.
    database.execute(statements(e, "DROP VIEW "));
    sink.migrate(List.of(after));
    assertThat(
            database.query("SELECT count(visits) > 2, count(avg_duration) FROM fathom_bi.site_day"))
        .as("generated again")
        .containsExactly(List.of(true, 0L));
    sink.migrate(List.of(after));
    assertThat(stored(sink, after, SITE)).hasSize(3);
    sink.migrate(List.of(TestReports.traffic()));
    assertThat(sink.commit(threeDays().build()).changed()).containsExactly(D1, D3);
  }

  /** The statements of a message, from the first that begins so. */
  private static String statements(SinkException e, String beginning) {
    String message = String.valueOf(e.getMessage());
    return message.substring(message.indexOf(beginning), message.lastIndexOf(';') + 1);
  }

  @Test
  void aTableThatWasDroppedIsMadeAgainAndNothingOfItIsStored() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    sink.commit(threeDays().build());
    for (int i = 0; i < 2; i++) {
      database.execute("DROP TABLE fathom.traffic_daily CASCADE");
      sink.migrate(List.of(report));
      assertThat(entries(sink, report)).isEmpty();
      sink.migrate(List.of(report));
      assertThat(sink.commit(threeDays().build()).changed()).containsExactly(D1, D2, D3);
    }
  }

  @Test
  void aTableOfAnotherRoleIsRefused() {
    sink();
    Report report = TestReports.campaigns();
    database.execute("CREATE TABLE fathom." + report.name() + " (site_id text)");
    assertThat(refused(SinkException.Kind.DEFINITION, () -> sink(report)))
        .hasMessageContaining("was not created by fathom-export");
  }

  @Test
  void columnsThatWereAddedByHandAreLeftAlone() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    database.execute("ALTER TABLE fathom.traffic_daily ADD COLUMN \"my note\" text DEFAULT 'x'");
    sink.migrate(List.of(report));
    sink.commit(threeDays().build());
    assertThat(sink.commit(threeDays().build()).changed()).isEmpty();
    assertThat(stored(sink, report, SITE)).isEqualTo(threeDays().rows());
  }

  @Test
  void theSearchPathIsNotTrusted() {
    try (TestDatabase empty = TestDatabase.create();
        Sink sink = open(empty, empty.url(), Duration.ofSeconds(30))) {
      empty.executeAsSuperuser(
          "CREATE SCHEMA evil AUTHORIZATION fathom_loader",
          "CREATE TABLE evil.ledger (x int)",
          "CREATE TABLE evil.report (x int)",
          "CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE sql"
              + " AS 'SELECT NULL::timestamptz'",
          "CREATE FUNCTION evil.hashtextextended(text, bigint) RETURNS bigint IMMUTABLE"
              + " LANGUAGE sql AS 'SELECT 1::bigint'",
          "CREATE FUNCTION evil.sum(bigint) RETURNS numeric IMMUTABLE LANGUAGE sql"
              + " AS 'SELECT 1::numeric'",
          "ALTER ROLE fathom_loader IN DATABASE "
              + empty.name()
              + " SET search_path = evil, pg_catalog");
      Report report = TestReports.pages();
      sink.migrate(List.of(report));
      LoadBuilder load =
          load(report, SITE, D1, D1).row(D1, "a", "/", 1, 1, 1.0).row(D1, "b", "/", 1, 1, 1.0);
      sink.commit(load.build());
      assertThat(sink.commit(load.build()).changed()).isEmpty();
      assertThat(entries(sink, report)).isEqualTo(load.entries());
    }
  }

  // --- For people

  @Test
  void viewsShowCoverageAndFreshness() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    sink.commit(threeDays().uncertified(D3).build());
    LocalDate d6 = D3.plusDays(3);
    sink.commit(load(report, SITE, d6, d6).incomplete(d6, true).run("run-2", LATER).build());
    assertThat(
            database.query(
                """
                SELECT report, site_id, event_name, first_day::text, last_day::text,
                       last_certified_day::text, certified, uncertified, incomplete, provisional,
                       missing_days, open_attempts, rows
                  FROM fathom_ops.coverage\
                """))
        .containsExactly(
            Arrays.asList(
                "traffic_daily",
                "CDBUGS",
                "",
                "2026-06-01",
                "2026-06-06",
                "2026-06-02",
                2L,
                1L,
                1L,
                0L,
                2L,
                1L,
                3L));
    assertThat(
            database.query(
                """
                SELECT last_day::text, zone, zone_changed, last_fetched_at = '2026-06-21T03:04:05.678901Z'
                  FROM fathom_ops.freshness\
                """))
        .containsExactly(List.of("2026-06-06", "Europe/Vienna", false, true));
  }

  @Test
  void aLoaderThatMayNotMakeRolesIsServedAllTheSame() {
    assertThat(database.query("SELECT rolcreaterole, rolsuper FROM pg_roles WHERE rolname = user"))
        .containsExactly(List.of(false, false));
    assertThat(database.query("SELECT 1 FROM pg_roles WHERE rolname = 'fathom_reader'")).isEmpty();
    Sink sink = sink(TestReports.traffic());
    assertThat(sink.commit(threeDays().build()).rowsStored()).isEqualTo(3);
    assertThat(database.query("SELECT 1 FROM pg_roles WHERE rolname = 'fathom_reader'")).isEmpty();
  }

  @Test
  void aReaderThatIsMadeLaterMayReadEverythingAfterTheNextMigrate() throws Exception {
    sink(TestReports.traffic());
    String member = "reader_" + database.name();
    database.executeAsSuperuser(
        "CREATE ROLE fathom_reader NOLOGIN",
        "CREATE ROLE " + member + " LOGIN PASSWORD 'x' IN ROLE fathom_reader");
    try {
      Sink sink = sink(TestReports.traffic());
      sink.commit(threeDays().build());
      sink.migrate(List.of(TestReports.pages()));
      try (Connection reader = DriverManager.getConnection(database.url(), member, "x");
          Statement statement = reader.createStatement()) {
        for (String table :
            List.of(
                "fathom.traffic_daily",
                "fathom.pages_daily",
                "fathom_ops.ledger",
                "fathom_ops.coverage",
                "fathom_ops.freshness")) {
          assertThat(statement.executeQuery("SELECT * FROM " + table)).isNotNull();
        }
        assertThatThrownBy(() -> statement.execute("DELETE FROM fathom.traffic_daily"))
            .hasMessageContaining("permission denied");
      }
    } finally {
      database.executeAsSuperuser(
          "DROP OWNED BY fathom_reader", "DROP ROLE " + member, "DROP ROLE fathom_reader");
    }
  }

  @Test
  void aLoaderThatMayMakeRolesMakesTheReader() {
    database.executeAsSuperuser("ALTER ROLE fathom_loader CREATEROLE");
    try {
      sink(TestReports.traffic());
      assertThat(database.query("SELECT 1 FROM pg_roles WHERE rolname = 'fathom_owner'"))
          .hasSize(1);
      assertThat(
              database.query(
                  """
                  SELECT rolcanlogin, has_table_privilege(oid, 'fathom.traffic_daily', 'SELECT')
                    FROM pg_roles WHERE rolname = 'fathom_reader'\
                  """))
          .containsExactly(List.of(false, true));
    } finally {
      database.executeAsSuperuser(
          "ALTER ROLE fathom_loader NOCREATEROLE",
          "DROP OWNED BY fathom_reader",
          "DROP ROLE fathom_reader, fathom_owner");
    }
  }
}
