package fathomexport.sink.postgres.lease;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.testing.Fixture;
import fathomexport.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Which sessions hold permits and places in the queue, as every run sees it. */
class HoldersTest {
  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final String ACCOUNT = "http://127.0.0.1/v1#default";
  private static final Duration LEASE = Duration.ofSeconds(100);
  private static final QuotaLimits LIMITS = new QuotaLimits(10, Duration.ofMinutes(1), 2, LEASE);

  private final PermitTables tables = new PermitTables(ACCOUNT, LeasedQuota.REPORTS, () -> NOW);
  private final ScheduleQuery query = new ScheduleQuery(ACCOUNT, LeasedQuota.REPORTS, () -> NOW);
  @RegisterExtension final Fixture fixture = new Fixture();
  private TestDatabase database;
  private Connection connection;

  @BeforeEach
  void connect() throws SQLException {
    database = fixture.database();
    connection = database.connect();
    tables.enter(connection);
  }

  @AfterEach
  void disconnect() throws SQLException {
    connection.close();
  }

  private PermitTables.Taken take(int holder) throws SQLException {
    return tables.take(connection, null, List.of(), holder, 0, NOW, NOW.plus(LEASE));
  }

  /** Returns whether the holders of open permits live, as a run sees it that is none of them. */
  private Map<Integer, Boolean> alive() throws SQLException {
    return query.read(connection, 0, Instant.MIN, LIMITS).open().stream()
        .collect(Collectors.toMap(PermitSchedule.Permit::holder, PermitSchedule.Permit::alive));
  }

  private List<List<@Nullable Object>> holdersOf(String table, String key) {
    return database.query("SELECT holder FROM fathom_ops.%s ORDER BY %s".formatted(table, key));
  }

  @Test
  void aHolderLivesAsLongAsItsSession() throws SQLException {
    int first = Holders.begin(connection);
    int second = Holders.begin(connection);
    int other;
    try (Connection session = database.connect()) {
      other = Holders.begin(session);
      take(first);
      take(second);
      take(other);
      assertThat(alive()).isEqualTo(Map.of(first, true, second, true, other, true));
    }
    awaitEnd(other);
    assertThat(alive()).isEqualTo(Map.of(first, true, second, true, other, false));
  }

  /** The server ends a session a moment after its connection, and then frees its locks. */
  private void awaitEnd(int holder) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      for (String call : new String[] {"pg_advisory_lock", "pg_advisory_unlock"}) {
        statement.execute("SELECT %s(%d, %d)".formatted(call, Holders.LOCK_CLASS, holder));
      }
    }
  }

  /** The request that a broken session has sent is under way still, and it is this run's. */
  @Test
  void theOpenPermitsOfEarlierSessionsAreTakenOver() throws SQLException {
    int earlier = Holders.begin(connection);
    int earliest = Holders.begin(connection);
    int stranger = Holders.begin(connection);
    int next = Holders.begin(connection);
    take(earlier);
    PermitTables.Taken ended = take(earliest);
    tables.end(connection, ended.permit(), ended.ticket(), Duration.ZERO, false);
    take(earliest);
    take(stranger);

    Holders.takeOver(connection, next, List.of(earlier, earliest));

    assertThat(holdersOf("permit", "id"))
        .as("what has ended counts where it was sent, and another run's is its own")
        .containsExactly(List.of(next), List.of(earliest), List.of(next), List.of(stranger));
  }

  @Test
  void aHolderLeavesAllItsPlacesAndNoOthers() throws SQLException {
    int leaving = Holders.begin(connection);
    int staying = Holders.begin(connection);
    take(leaving);
    for (int holder : new int[] {leaving, staying, leaving}) {
      tables.await(connection, null, List.of(), holder, 0, NOW.plus(LEASE));
    }
    assertThat(holdersOf("permit_queue", "ticket")).hasSize(4);

    Holders.leaveAll(connection, leaving);

    assertThat(holdersOf("permit_queue", "ticket")).containsExactly(List.of(staying));
    assertThat(holdersOf("permit", "id"))
        .as("a request that is under way")
        .containsExactly(List.of(leaving));
  }
}
