package fathomexport.sink.postgres.lease;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.sink.postgres.PostgresSink;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.Queries;
import fathomexport.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What a run reads of the permits before it takes one. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PermitTablesTest {
  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final String ACCOUNT = "http://127.0.0.1/v1#default";
  private static final Duration LEASE = Duration.ofSeconds(100);

  private final PermitTables tables = new PermitTables(ACCOUNT, LeasedQuota.REPORTS, () -> NOW);
  private final ScheduleQuery query = new ScheduleQuery(ACCOUNT, LeasedQuota.REPORTS, () -> NOW);
  private TestDatabase database;
  private Connection connection;

  @BeforeAll
  void create() {
    database = TestDatabase.migrated();
    try (PostgresSink sink = database.sink()) {
      sink.migrate(List.of());
    }
  }

  @AfterAll
  void drop() {
    database.close();
  }

  @BeforeEach
  void connect() throws SQLException {
    connection = database.connect();
    tables.enter(connection);
  }

  @AfterEach
  void disconnect() throws SQLException {
    connection.close();
    database.execute(
        "TRUNCATE fathom_ops.account, fathom_ops.permit, fathom_ops.permit_queue,"
            + " fathom_ops.request_count");
  }

  private PermitSchedule read(int own, QuotaLimits limits) throws SQLException {
    return query.read(connection, own, Instant.MIN, limits);
  }

  private void insert(int holder, Instant leaseUntil, @Nullable Instant endedAt) {
    database.execute(
        "INSERT INTO fathom_ops.permit (account, quota, holder, taken_at, lease_until, ended_at)"
            + " VALUES ('%s', 'reports', %d, '%s', '%s', %s)"
                .formatted(
                    ACCOUNT,
                    holder,
                    NOW,
                    leaseUntil,
                    endedAt == null ? "NULL" : "'" + endedAt + "'"));
  }

  /** A quota of thousands is that of the API's lists, which a run of many sites asks for often. */
  @Test
  void whatIsReadDoesNotGrowWithTheQuota() throws SQLException {
    QuotaLimits hourly = new QuotaLimits(2_000, Duration.ofHours(1), 2, LEASE);
    int holder = Holders.begin(connection);
    database.execute(
        "INSERT INTO fathom_ops.permit (account, quota, holder, taken_at, lease_until, ended_at)"
            + " SELECT '%s', 'reports', %d, '%s', '%s', timestamptz '%s' - n * interval '1 second'"
                .formatted(ACCOUNT, holder, NOW, NOW, NOW)
            + " FROM generate_series(1, 1999) n");
    insert(holder, NOW.plus(LEASE), null);
    PermitSchedule schedule = read(holder, hourly);
    assertThat(schedule.open()).hasSize(1);
    assertThat(schedule.held()).containsExactly(Map.entry(holder, 1_999));
    assertThat(schedule.frees())
        .containsExactly(NOW.minusSeconds(1_999).plus(PermitSchedule.hold(hourly)));
    assertThat(schedule.advice(holder, 0, null, hourly).free())
        .isEqualTo(NOW.minusSeconds(1_999).plus(PermitSchedule.hold(hourly)));
    assertThat(schedule.isToForget(hourly)).isFalse();
  }

  /** Requests in turn leave the place of the last one, by which others know to wait for the run. */
  @Test
  void theQueueDoesNotGrowWithTheRequests() {
    QuotaLimits many = new QuotaLimits(1_000, Duration.ofMinutes(1), 2, LEASE);
    try (PermitLease lease =
        new PermitLease(
            database.settings(),
            database.environment(),
            ACCOUNT,
            LeasedQuota.REPORTS,
            many,
            0,
            () -> NOW)) {
      for (int request = 0; request < 20; request++) {
        PermitLease.Reply reply = lease.ask(new PermitLease.Ticket());
        assertThat(reply).isInstanceOf(PermitLease.Granted.class);
        lease.end((PermitLease.Granted) reply, false);
      }
      assertThat(database.query("SELECT waiting FROM fathom_ops.permit_queue"))
          .containsExactly(List.of(false));
    }
  }

  /** The server parses and plans them once, not for each request. */
  @Test
  void theStatementsOfARequestAreKeptByTheServer() throws SQLException {
    QuotaLimits limits = new QuotaLimits(100, Duration.ofMinutes(1), 1, LEASE);
    try (Database pool = new Database(database.settings(), database.environment())) {
      LeaseSession session = new LeaseSession(pool, tables, query);
      for (int request = 0; request < 10; request++) {
        session.with(c -> session.transaction(c, limits, PermitSchedule::open));
      }
      long kept =
          session.with(
              c ->
                  Queries.first(
                          c,
                          "SELECT count(*) AS kept FROM pg_prepared_statements"
                              + " WHERE generic_plans > 0 AND statement LIKE '%fathom_ops%'",
                          p -> {},
                          r -> r.number("kept"))
                      .orElseThrow());
      session.close(c -> true);
      assertThat(kept).as("to lock the account, to read its permits").isEqualTo(2);
    }
  }

  /** The part that is read leads to the same advice as all permits would. */
  @Test
  void theAdviceIsThatOfAllPermits() throws SQLException {
    Random random = new Random(20260301);
    for (int round = 0; round < 60; round++) {
      QuotaLimits limits =
          new QuotaLimits(
              1 + random.nextInt(8), Duration.ofMinutes(1), 1 + random.nextInt(3), LEASE);
      Duration hold = PermitSchedule.hold(limits);
      int alive = Holders.begin(connection);
      int own = Holders.begin(connection);
      List<PermitSchedule.Permit> open = new ArrayList<>();
      Map<Integer, Integer> held = new HashMap<>();
      List<Instant> frees = new ArrayList<>();
      boolean old = false;
      for (int i = random.nextInt(12); i > 0; i--) {
        int holder = List.of(own, alive, -1, -2).get(random.nextInt(4));
        Instant lease = NOW.plusSeconds(random.nextInt(100) - 20);
        Instant ended = NOW.minusSeconds(random.nextInt(90));
        if (random.nextInt(4) == 0) {
          insert(holder, lease, null);
          open.add(new PermitSchedule.Permit(0, holder, lease, holder > 0));
        } else {
          insert(holder, lease, ended);
          if (ended.plus(hold).isAfter(NOW)) {
            held.merge(holder, 1, Integer::sum);
            frees.add(ended.plus(hold));
          } else {
            old = true;
          }
        }
      }
      List<PermitSchedule.Place> queue = new ArrayList<>();
      for (int i = random.nextInt(4); i > 0; i--) {
        int priority = random.nextInt(2);
        boolean waiting = random.nextBoolean();
        int holder = random.nextBoolean() ? own : alive;
        long ticket =
            (Long)
                database
                    .query(
                        ("INSERT INTO fathom_ops.permit_queue"
                                + " (account, quota, holder, priority, waiting, fresh_until)"
                                + " VALUES ('%s', 'reports', %d, %d, %s, '%s') RETURNING ticket")
                            .formatted(ACCOUNT, holder, priority, waiting, NOW))
                    .get(0)
                    .get(0);
        queue.add(new PermitSchedule.Place(ticket, holder, priority, waiting));
      }
      PermitSchedule all = new PermitSchedule(NOW, Instant.MIN, open, held, frees, old, queue);
      PermitSchedule read = read(own, limits);
      for (int holder : List.of(own, alive, -1)) {
        for (int priority = 0; priority < 2; priority++) {
          assertThat(read.advice(holder, priority, null, limits))
              .as("round %d, %s, %s", round, limits, all)
              .isEqualTo(all.advice(holder, priority, null, limits));
        }
      }
      assertThat(read.isToForget(limits)).as("round %d", round).isEqualTo(all.isToForget(limits));
      database.execute("TRUNCATE fathom_ops.permit, fathom_ops.permit_queue");
    }
  }
}
