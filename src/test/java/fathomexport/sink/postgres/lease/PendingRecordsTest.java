package fathomexport.sink.postgres.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import fathomexport.sink.postgres.PostgresSink;
import fathomexport.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a run has to record stays until the database has it, with the time that has passed. */
class PendingRecordsTest {
  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final String ACCOUNT = "http://127.0.0.1/v1#default";

  private TestDatabase database;
  private Connection connection;
  private long nanos;
  private @Nullable Instant clock = NOW;
  private final PermitTables tables = new PermitTables(ACCOUNT, LeasedQuota.REPORTS, () -> clock);
  private final PendingRecords pending = new PendingRecords(tables, () -> nanos);

  @BeforeEach
  void create() throws SQLException {
    database = TestDatabase.migrated();
    try (PostgresSink sink = database.sink()) {
      sink.migrate(List.of());
    }
    connection = database.connect();
    tables.enter(connection);
  }

  @AfterEach
  void drop() throws SQLException {
    connection.close();
    database.close();
  }

  private PermitTables.Taken take() throws SQLException {
    return tables.take(
        connection,
        null,
        pending.former(),
        Holders.begin(connection),
        0,
        NOW.minusSeconds(60),
        NOW.plusSeconds(100));
  }

  /** What a closed connection does not take. */
  private void recordInVain() throws SQLException {
    Connection closed = database.connect();
    closed.close();
    assertThatThrownBy(() -> pending.record(closed)).isInstanceOf(SQLException.class);
  }

  @Test
  void anEndStaysPendingUntilItIsRecordedAndCountsOnce() throws SQLException {
    PermitTables.Taken taken = take();
    pending.ended(taken.permit(), taken.ticket(), true);
    recordInVain();
    assertThat(pending.former()).isEmpty();
    pending.record(connection);
    pending.record(connection);
    assertThat(database.query("SELECT ended_at IS NOT NULL FROM fathom_ops.permit"))
        .containsExactly(List.of(true));
    assertThat(database.query("SELECT requests, limited FROM fathom_ops.request_count"))
        .hasSize(1)
        .first()
        .satisfies(row -> assertThat(row.toString()).isEqualTo("[1, 1]"));
    assertThat(pending.former()).containsExactly(taken.ticket());
    pending.replaced();
    assertThat(pending.former()).isEmpty();
  }

  /** By the database's own clock: the request ended when it ended, not when that was recorded. */
  @Test
  void theTimeUntilAnEndIsRecordedIsSubtracted() throws SQLException {
    PermitTables.Taken taken = take();
    clock = null;
    pending.ended(taken.permit(), taken.ticket(), false);
    nanos += Duration.ofHours(1).toNanos();
    pending.record(connection);
    assertThat(
            database.query(
                "SELECT clock_timestamp() - ended_at BETWEEN interval '60 minutes' AND interval"
                    + " '70 minutes' FROM fathom_ops.permit"))
        .containsExactly(List.of(true));
  }

  private @Nullable Object deferredFor() {
    return database
        .query(
            "SELECT extract(epoch FROM deferred_until - timestamptz '"
                + NOW
                + "')::bigint FROM fathom_ops.account")
        .get(0)
        .get(0);
  }

  @Test
  void ofTwoDeferralsTheLaterOneCountsForWhatIsLeftOfIt() throws SQLException {
    pending.deferred(pending.deferral(Duration.ofSeconds(90)));
    nanos += Duration.ofSeconds(30).toNanos();
    pending.deferred(pending.deferral(Duration.ofSeconds(10)));
    recordInVain();
    nanos += Duration.ofSeconds(20).toNanos();
    pending.record(connection);
    assertThat(deferredFor()).isEqualTo(40L);
    nanos += Duration.ofSeconds(20).toNanos();
    pending.record(connection);
    assertThat(deferredFor()).as("recorded once").isEqualTo(40L);
  }
}
