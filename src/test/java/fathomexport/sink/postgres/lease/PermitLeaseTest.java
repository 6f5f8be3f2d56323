package fathomexport.sink.postgres.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import fathomexport.ledger.RequestCount;
import fathomexport.report.SecretRef;
import fathomexport.sink.postgres.PostgresSink;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.sink.postgres.lease.PermitLease.Granted;
import fathomexport.sink.postgres.lease.PermitLease.NoneFree;
import fathomexport.sink.postgres.lease.PermitLease.Reply;
import fathomexport.sink.postgres.lease.PermitLease.Ticket;
import fathomexport.sink.postgres.lease.PermitLease.Unreachable;
import fathomexport.testing.Chaos;
import fathomexport.testing.CommitCutter;
import fathomexport.testing.Later;
import fathomexport.testing.ServerQuota;
import fathomexport.testing.TestDatabase;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Permits of several runs on a real database, in virtual time. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PermitLeaseTest {
  private static final Instant START = Instant.parse("2026-03-01T00:00:00Z");
  private static final Duration MINUTE = Duration.ofMinutes(1);
  private static final int QUOTA = 10;
  private static final int REQUESTS = 600;
  private static final int PHASES = 20;
  private static final QuotaLimits LIMITS =
      new QuotaLimits(QUOTA, MINUTE, 1, Duration.ofSeconds(100));
  private static final String ACCOUNT = "http://127.0.0.1/v1#default";

  private final List<PermitLease> open = new ArrayList<>();
  private TestDatabase database;
  private Timetable time;

  @BeforeAll
  void create() {
    database = TestDatabase.migrated();
    try (PostgresSink sink = new PostgresSink(settings(), database.environment())) {
      sink.migrate(List.of());
    }
  }

  @AfterAll
  void drop() {
    database.close();
  }

  @BeforeEach
  void begin() {
    time = new Timetable();
  }

  @AfterEach
  void end() {
    open.forEach(PermitLease::close);
    open.clear();
    database.execute(
        "TRUNCATE fathom_ops.account, fathom_ops.permit, fathom_ops.permit_queue,"
            + " fathom_ops.request_count");
  }

  private PostgresSettings settings() {
    return database.settings();
  }

  private PermitLease lease() {
    return lease(ACCOUNT, LIMITS, 0);
  }

  private PermitLease lease(String account, QuotaLimits limits, int priority) {
    PermitLease lease =
        new PermitLease(
            settings(),
            database.environment(),
            account,
            LeasedQuota.REPORTS,
            limits,
            priority,
            () -> time.now());
    open.add(lease);
    return lease;
  }

  /** Ends a run's session as a kill -9 would: without a word. */
  private void kill(PermitLease lease) {
    Object holder = database.query("SELECT max(holder) FROM fathom_ops.permit").get(0).get(0);
    database.executeAsSuperuser(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory'"
            + " AND objsubid = 2 AND objid = "
            + holder);
    open.remove(lease);
  }

  /** Events in the order of their times. */
  private static final class Timetable {
    private record Event(Instant at, long number, Runnable action) {}

    private final PriorityQueue<Event> events =
        new PriorityQueue<>(Comparator.comparing(Event::at).thenComparing(Event::number));
    private Instant now = START;
    private long number;

    Instant now() {
      return now;
    }

    void in(Duration wait, Runnable action) {
      events.add(new Event(now.plus(wait), number++, action));
    }

    void pass(Duration wait) {
      now = now.plus(wait);
    }

    void runUntil(Instant end) {
      for (Event next = events.peek();
          next != null && next.at.isBefore(end);
          next = events.peek()) {
        events.remove();
        now = next.at;
        next.action.run();
      }
    }

    void runOut() {
      for (Event next = events.poll(); next != null; next = events.poll()) {
        now = next.at;
        next.action.run();
      }
    }
  }

  /** A run: asks for a permit, makes its request, and asks again. */
  private final class Run {
    private final PermitLease lease;
    private final Traffic traffic;
    private final Random random;
    private Ticket ticket = new Ticket();
    private int left;
    private int made;
    private Duration stores = Duration.ZERO;

    Run(PermitLease lease, Traffic traffic, int requests, long seed) {
      this.lease = lease;
      this.traffic = traffic;
      this.left = requests;
      this.random = new Random(seed);
    }

    void ask() {
      if (left == 0) {
        return;
      }
      Reply reply = lease.ask(ticket);
      if (reply instanceof NoneFree wait) {
        // A thread never wakes on the dot.
        time.in(wait.pause().plusMillis(random.nextInt(3)), this::ask);
        return;
      }
      Granted permit = (Granted) reply;
      ticket = new Ticket();
      left--;
      made++;
      traffic.under++;
      traffic.most = Math.max(traffic.most, traffic.under);
      traffic.last = time.now();
      Duration arrives = Duration.ofMillis(5 + random.nextInt(150));
      time.in(arrives, () -> traffic.servers.forEach(s -> s.hit(time.now())));
      time.in(
          arrives.plusMillis(5 + random.nextInt(300)),
          () -> {
            traffic.under--;
            lease.end(permit, false);
            time.in(stores.plusMillis(random.nextInt(20)), this::ask);
          });
    }
  }

  private static final class Traffic {
    private final List<ServerQuota> servers = new ArrayList<>();
    private int under;
    private int most;
    private Instant last = START;
  }

  /**
   * Hundreds of requests by several runs, before the eyes of a server of every model in every
   * phase: none refuses any, so that none changes what the runs do.
   *
   * @return time taken, as a multiple of the least that the quota allows
   */
  private double once(int requests, int runs, long seed) {
    time = new Timetable();
    Traffic traffic = new Traffic();
    for (ServerQuota.Model model : ServerQuota.Model.values()) {
      for (int phase = 0; phase < PHASES; phase++) {
        traffic.servers.add(new ServerQuota(model, QUOTA, Duration.ofSeconds(3L * phase)));
      }
    }
    for (int r = 0; r < runs; r++) {
      Run run = new Run(lease(), traffic, requests / runs, 100 * seed + r);
      time.in(Duration.ofMillis(7L * r), run::ask);
    }
    time.runOut();
    end();
    assertThat(traffic.servers).allSatisfy(s -> assertThat(s.refused()).as("%s", s).isZero());
    assertThat(traffic.most).as("in flight").isEqualTo(1);
    double floor = 60.0 * (Math.ceil(requests / (double) QUOTA) - 1);
    double ratio = Duration.between(START, traffic.last).toMillis() / 1e3 / floor;
    assertThat(ratio).as("time / floor").isBetween(1.0, 1.02);
    return ratio;
  }

  private void many(int requests, int runs, int seeds) {
    double worst = 0;
    for (int seed = 0; seed < seeds; seed++) {
      worst = Math.max(worst, once(requests, runs, seed));
    }
    for (ServerQuota.Model model : ServerQuota.Model.values()) {
      System.out.printf(
          "%-20s  %d phases  %d runs  %2d times %d requests  0 refused  worst time / floor %.4f%n",
          model, PHASES, runs, seeds, requests, worst);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void twoHundredRequestsAreNeverRefusedAndTakeTheLeastTime(int runs) {
    many(REQUESTS / 3, runs, 1);
  }

  @Tag("chaos")
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void sixHundredRequestsManyTimes(int runs) {
    many(REQUESTS, runs, Chaos.times(20));
  }

  /** One of two runs takes a second and a half to store an answer, the other next to nothing. */
  @Test
  void aSlowRunHasItsShareOfTheQuota() {
    Traffic traffic = new Traffic();
    Run quick = new Run(lease(), traffic, REQUESTS, 1);
    Run slow = new Run(lease(), traffic, REQUESTS, 2);
    slow.stores = Duration.ofMillis(1_500);
    // The quick one begins first, and has all permits of the first minute.
    time.in(Duration.ZERO, quick::ask);
    time.in(Duration.ofSeconds(20), slow::ask);
    time.runUntil(START.plus(MINUTE));
    int before = quick.made;
    time.runUntil(START.plus(MINUTE.multipliedBy(11)));
    int both = quick.made - before + slow.made;
    System.out.printf(
        "ten minutes of a quick run and a slow one: %d and %d requests%n",
        quick.made - before, slow.made);
    assertThat(both).as("the quota is used").isGreaterThanOrEqualTo(98);
    assertThat(slow.made).as("of " + both).isGreaterThanOrEqualTo(both * 45 / 100);
  }

  private Granted granted(PermitLease lease) {
    Reply reply = lease.ask(new Ticket());
    assertThat(reply).isInstanceOf(Granted.class);
    return (Granted) reply;
  }

  private NoneFree wait(PermitLease lease, Ticket ticket) {
    Reply reply = lease.ask(ticket);
    assertThat(reply).isInstanceOf(NoneFree.class);
    return (NoneFree) reply;
  }

  @Test
  void requestsInFlightAreBoundedOverAllRuns() {
    PermitLease a = lease();
    PermitLease b = lease();
    Granted first = granted(a);
    Ticket ticket = new Ticket();
    assertThat(wait(b, ticket).pause()).isEqualTo(PermitSchedule.LOOK_AGAIN);
    a.end(first, false);
    assertThat(b.ask(ticket)).isInstanceOf(Granted.class);
  }

  @Test
  void accountsDoNotShare() {
    granted(lease());
    granted(lease("http://127.0.0.1/v1#second", LIMITS, 0));
  }

  @Test
  void aSlowAnswerHoldsItsPermitUntilAWindowAfterItsEnd() {
    QuotaLimits one = new QuotaLimits(1, MINUTE, 1, Duration.ofSeconds(100));
    PermitLease lease = lease(ACCOUNT, one, 0);
    Granted slow = granted(lease);
    time.pass(Duration.ofSeconds(50));
    lease.end(slow, false);
    Ticket ticket = new Ticket();
    assertThat(wait(lease, ticket).free()).isEqualTo(Duration.ofMillis(60_050));
    time.pass(Duration.ofMillis(60_049));
    wait(lease, ticket);
    time.pass(Duration.ofMillis(1));
    assertThat(lease.ask(ticket)).isInstanceOf(Granted.class);
  }

  @Test
  void aDeferralHoldsEverybodyBackAndIsNeverShortened() {
    PermitLease a = lease();
    PermitLease b = lease();
    granted(a);
    a.defer(Duration.ofSeconds(17));
    a.defer(Duration.ofSeconds(3));
    Ticket ticket = new Ticket();
    assertThat(wait(b, ticket).free()).isEqualTo(Duration.ofSeconds(17));
    assertThat(wait(b, ticket).pause()).isEqualTo(PermitSchedule.LONGEST_PAUSE);
  }

  /** Its slot is free at once; its request counts for a window from then. */
  @Test
  void aKilledRunBlocksNoOther() {
    QuotaLimits two = new QuotaLimits(2, MINUTE, 1, Duration.ofSeconds(100));
    PermitLease dead = lease(ACCOUNT, two, 0);
    PermitLease alive = lease(ACCOUNT, two, 0);
    granted(dead);
    Ticket ticket = new Ticket();
    wait(alive, ticket);
    time.pass(Duration.ofSeconds(1));
    kill(dead);
    alive.end((Granted) alive.ask(ticket), false);
    assertThat(wait(alive, new Ticket()).free()).isEqualTo(Duration.ofMillis(60_050));
  }

  @Test
  void aStoppedRunKeepsItsSlotUntilItsLeaseIsOver() {
    PermitLease stopped = lease();
    PermitLease other = lease();
    Granted lapsed = granted(stopped);
    Ticket ticket = new Ticket();
    time.pass(LIMITS.lease().minusMillis(1));
    wait(other, ticket);
    time.pass(Duration.ofMillis(1));
    Granted taken = (Granted) other.ask(ticket);
    // It wakes up: what it has to say of its own permit harms nobody's.
    stopped.end(lapsed, false);
    Ticket next = new Ticket();
    wait(stopped, next);
    other.end(taken, false);
    assertThat(stopped.ask(next)).isInstanceOf(Granted.class);
  }

  @Test
  void theNightlyRunGoesFirst() {
    PermitLease backfill = lease(ACCOUNT, LIMITS, 0);
    PermitLease nightly = lease(ACCOUNT, LIMITS, 1);
    Granted under = granted(backfill);
    Ticket backfills = new Ticket();
    Ticket nightlys = new Ticket();
    wait(backfill, backfills);
    wait(nightly, nightlys);
    backfill.end(under, false);
    // The backfill came first, and its permit is free: but another waits.
    wait(backfill, backfills);
    Granted first = (Granted) nightly.ask(nightlys);
    time.pass(Duration.ofSeconds(1));
    nightly.end(first, false);
    // The nightly run types and commits; it is back soon.
    time.pass(Duration.ofSeconds(1));
    wait(backfill, backfills);
    Granted second = granted(nightly);
    nightly.end(second, false);
    // It has nothing more to ask.
    time.pass(Duration.ofMillis(2_001));
    assertThat(backfill.ask(backfills)).isInstanceOf(Granted.class);
  }

  @Test
  void aRunThatWaitsNoMoreIsNotWaitedFor() {
    PermitLease backfill = lease(ACCOUNT, LIMITS, 0);
    PermitLease nightly = lease(ACCOUNT, LIMITS, 1);
    PermitLease killed = lease(ACCOUNT, LIMITS, 1);
    Granted under = granted(backfill);
    Ticket leaves = new Ticket();
    wait(nightly, leaves);
    wait(killed, new Ticket());
    backfill.end(under, false);
    Ticket ticket = new Ticket();
    wait(backfill, ticket);
    nightly.leave(leaves);
    wait(backfill, ticket);
    // The other one is not killed but stopped: it does not come back when it said it would.
    time.pass(Duration.ofSeconds(4));
    assertThat(backfill.ask(ticket)).isInstanceOf(Granted.class);
  }

  /** A run of the same rank does not overtake, and takes what others leave over. */
  @Test
  void firstComeFirstServed() {
    QuotaLimits two = new QuotaLimits(QUOTA, MINUTE, 2, Duration.ofSeconds(100));
    PermitLease a = lease(ACCOUNT, two, 0);
    PermitLease b = lease(ACCOUNT, two, 0);
    PermitLease c = lease(ACCOUNT, two, 0);
    Granted first = granted(a);
    Granted second = granted(a);
    Ticket bs = new Ticket();
    wait(b, bs);
    Ticket cs = new Ticket();
    wait(c, cs);
    a.end(first, false);
    wait(c, cs);
    a.end(second, false);
    assertThat(c.ask(cs)).isInstanceOf(Granted.class);
    assertThat(b.ask(bs)).isInstanceOf(Granted.class);
  }

  @Test
  void requestsAreCountedADay() {
    time.pass(Duration.ofHours(23).plusMinutes(59).plusSeconds(50));
    PermitLease lease = lease();
    Granted limited = granted(lease);
    lease.end(limited, true);
    lease.giveBack(granted(lease));
    Granted overMidnight = granted(lease);
    time.pass(Duration.ofSeconds(20));
    lease.end(overMidnight, false);
    lease.end(granted(lease), false);
    try (PostgresSink sink = new PostgresSink(settings(), database.environment())) {
      LocalDate first = LocalDate.of(2026, 3, 1);
      assertThat(sink.ledger().requestCounts(first))
          .containsExactly(
              new RequestCount(ACCOUNT, first, 2, 1),
              new RequestCount(ACCOUNT, first.plusDays(1), 1, 0));
      assertThat(sink.ledger().requestCounts(first.plusDays(1))).hasSize(1);
    }
  }

  /** What was under way is still this run's own, and its end is told on the new connection. */
  @Test
  void aLostConnectionLosesNoPermit() {
    PermitLease lease = lease();
    PermitLease other = lease();
    Granted under = granted(lease);
    wait(other, new Ticket());
    database.executeAsSuperuser(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            + " WHERE datname = current_database() AND application_name = 'fathom-export'");
    Ticket ticket = new Ticket();
    assertThat(lease.ask(ticket)).isInstanceOf(Unreachable.class);
    wait(lease, ticket);
    lease.end(under, true);
    assertThat(lease.ask(ticket)).isInstanceOf(Granted.class);
    assertThat(database.query("SELECT requests, limited FROM fathom_ops.request_count"))
        .containsExactly(List.of(2L, 1L));
  }

  private PermitLease leaseBy(CommitCutter proxy) {
    PermitLease lease =
        new PermitLease(
            new PostgresSettings(
                database.urlAt("127.0.0.1", proxy.port()),
                database.user(),
                new SecretRef.Env(TestDatabase.PASSWORD_VARIABLE)),
            database.environment(),
            ACCOUNT,
            LeasedQuota.REPORTS,
            LIMITS,
            0,
            () -> time.now());
    open.add(lease);
    return lease;
  }

  /**
   * The permit was taken, and nobody knows: not the run, which must not wait for a request of its
   * own that it never made until the lease is over.
   */
  @Test
  void aPermitWhoseReplyWasLostIsTakenOver() {
    try (CommitCutter proxy = new CommitCutter(database.host(), database.port())) {
      PermitLease lease = leaseBy(proxy);
      Ticket ticket = new Ticket();
      proxy.cutNext(CommitCutter.Cut.REPLY);
      assertThat(lease.ask(ticket)).isInstanceOf(Unreachable.class);
      Reply reply = lease.ask(ticket);
      assertThat(reply).isInstanceOf(Granted.class);
      assertThat(database.query("SELECT requests FROM fathom_ops.request_count"))
          .as("one request is going to be made")
          .containsExactly(List.of(1L));
      lease.end((Granted) reply, false);
      assertThat(database.query("SELECT count(*) FROM fathom_ops.permit"))
          .containsExactly(List.of(1L));
      end();
    }
  }

  /** The reply is lost again and again; what is left of each session is the last one's. */
  @Test
  void permitsOfSeveralLostRepliesAreTakenOver() {
    try (CommitCutter proxy = new CommitCutter(database.host(), database.port())) {
      PermitLease lease = leaseBy(proxy);
      Ticket ticket = new Ticket();
      for (int i = 0; i < 3; i++) {
        proxy.cutNext(CommitCutter.Cut.REPLY);
        assertThat(lease.ask(ticket)).isInstanceOf(Unreachable.class);
      }
      Granted granted = (Granted) lease.ask(ticket);
      assertThat(database.query("SELECT requests FROM fathom_ops.request_count"))
          .containsExactly(List.of(1L));
      // What it does know of is under way, and is no orphan.
      Ticket next = new Ticket();
      wait(lease, next);
      lease.end(granted, false);
      assertThat(lease.ask(next)).isInstanceOf(Granted.class);
      end();
    }
  }

  /**
   * The connection breaks, the next one begins, and only then does the server commit the permit
   * that the first one took: it is given back before another is taken.
   */
  @Test
  @Timeout(60)
  void aPermitThatIsCommittedLateIsTakenOver() {
    try (CommitCutter proxy = new CommitCutter(database.host(), database.port())) {
      PermitLease lease = leaseBy(proxy);
      Ticket ticket = new Ticket();
      proxy.cutNext(CommitCutter.Cut.REQUEST_LATE);
      assertThat(lease.ask(ticket)).isInstanceOf(Unreachable.class);
      Later delivery =
          Later.after(
              0,
              () -> {
                await(
                    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                        + " AND datname = current_database())",
                    true);
                proxy.deliver();
                return true;
              });
      assertThat(lease.ask(ticket)).isInstanceOf(Granted.class);
      delivery.join();
      assertThat(database.query("SELECT count(*) FROM fathom_ops.permit"))
          .containsExactly(List.of(1L));
      assertThat(database.query("SELECT requests FROM fathom_ops.request_count"))
          .containsExactly(List.of(1L));
      end();
    }
  }

  /** Repeats a query until it returns this value. */
  private void await(String sql, Object value) {
    while (!database.query(sql).equals(List.of(List.of(value)))) {
      Thread.onSpinWait();
    }
  }

  /** The server has counted the refusal; the run does not know, and reports it once more. */
  @Test
  @Timeout(60)
  void aRefusedRequestWhoseRecordIsRepeatedCountsOnce() {
    try (CommitCutter proxy = new CommitCutter(database.host(), database.port())) {
      PermitLease lease = leaseBy(proxy);
      Granted refused = granted(lease);
      proxy.cutNext(CommitCutter.Cut.REPLY, "SET limited = r.limited + 1");
      lease.end(refused, true);
      await("SELECT limited FROM fathom_ops.request_count", 1L);
      lease.end(granted(lease), false);
      assertThat(database.query("SELECT requests, limited FROM fathom_ops.request_count"))
          .containsExactly(List.of(2L, 1L));
      end();
    }
  }

  /** What the API asks for while the database is away: the longest wait holds for all runs. */
  @Test
  void deferralsThatCouldNotBeRecordedAreRecordedLater() {
    PermitLease lease = lease();
    granted(lease);
    database.executeAsSuperuser("ALTER TABLE fathom_ops.account RENAME TO away");
    lease.defer(Duration.ofHours(2));
    lease.defer(Duration.ofMinutes(5));
    database.executeAsSuperuser("ALTER TABLE fathom_ops.away RENAME TO account");
    wait(lease, new Ticket());
    assertThat(wait(lease(), new Ticket()).free()).isGreaterThan(Duration.ofHours(1));
  }

  /** A request that was never taken leaves nothing to take over. */
  @Test
  void aQuestionThatNeverArrivedIsAskedAgain() {
    try (CommitCutter proxy = new CommitCutter(database.host(), database.port())) {
      PermitLease lease = leaseBy(proxy);
      Ticket ticket = new Ticket();
      proxy.cutNext(CommitCutter.Cut.REQUEST);
      assertThat(lease.ask(ticket)).isInstanceOf(Unreachable.class);
      assertThat(lease.ask(ticket)).isInstanceOf(Granted.class);
      assertThat(database.query("SELECT requests FROM fathom_ops.request_count"))
          .containsExactly(List.of(1L));
      end();
    }
  }

  @Test
  void aPermitThatCouldNotBeGivenBackIsTakenOver() {
    PermitLease lease = lease();
    Granted unused = granted(lease);
    database.executeAsSuperuser(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            + " WHERE datname = current_database() AND application_name = 'fathom-export'");
    lease.giveBack(unused);
    granted(lease);
    assertThat(database.query("SELECT requests FROM fathom_ops.request_count"))
        .containsExactly(List.of(1L));
  }

  private PermitLease lookups(QuotaLimits limits) {
    PermitLease lease =
        new PermitLease(
            settings(),
            database.environment(),
            ACCOUNT,
            LeasedQuota.LOOKUPS,
            limits,
            0,
            () -> time.now());
    open.add(lease);
    return lease;
  }

  private static void use(PermitLease lease) {
    Reply reply = lease.ask(new Ticket());
    assertThat(reply).isInstanceOf(Granted.class);
    lease.end((Granted) reply, false);
  }

  @Test
  void aClosedLeaseGrantsNothing() {
    PermitLease lease = lease();
    lease.close();
    lease.close();
    assertThatThrownBy(() -> lease.ask(new Ticket())).isInstanceOf(IllegalStateException.class);
    assertThat(database.query("SELECT 1 FROM fathom_ops.permit")).isEmpty();
  }

  /** Two runs that discover their sites at a time never ask more than the hour grants. */
  @Test
  void theHourlyQuotaIsSharedAndIsNoneOfTheReports() {
    QuotaLimits hourly = new QuotaLimits(6, Duration.ofHours(1), 1, Duration.ofSeconds(100));
    PermitLease one = lookups(hourly);
    PermitLease two = lookups(hourly);
    PermitLease reports = lease();
    for (int i = 0; i < 3; i++) {
      use(one);
      time.pass(Duration.ofSeconds(5));
      use(two);
      time.pass(Duration.ofSeconds(5));
    }
    for (PermitLease lease : List.of(one, two)) {
      assertThat(lease.ask(new Ticket()))
          .isInstanceOfSatisfying(
              NoneFree.class,
              wait -> assertThat(wait.free()).isGreaterThan(Duration.ofMinutes(58)));
    }
    use(reports);
    assertThat(database.query("SELECT requests, limited FROM fathom_ops.request_count"))
        .as("only reports are billed")
        .containsExactly(List.of(1L, 0L));
  }

  /** The API's wait for one quota holds the other up in no process, its own in every one. */
  @Test
  void aWaitClosesOneQuotaForEveryProcess() {
    QuotaLimits hourly = new QuotaLimits(2000, Duration.ofHours(1), 1, Duration.ofSeconds(100));
    PermitLease reports = lease();
    use(reports);
    reports.defer(Duration.ofSeconds(901));
    reports.close();
    time.pass(Duration.ofMinutes(5));
    assertThat(lease().ask(new Ticket()))
        .isInstanceOfSatisfying(
            NoneFree.class, wait -> assertThat(wait.free()).isEqualTo(Duration.ofSeconds(601)));
    use(lookups(hourly));
    time.pass(Duration.ofSeconds(602));
    use(lease());
  }
}
