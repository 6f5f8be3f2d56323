package fathomexport.sink.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import fathomexport.report.SecretRef;
import fathomexport.report.VisitorSample;
import fathomexport.sink.SampleStoreContract;
import fathomexport.sink.SampleTable;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkException;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.testing.CommitCutter;
import fathomexport.testing.TestDatabase;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The contract, and what only PostgreSQL has. */
class PostgresSamplesTest extends SampleStoreContract {
  private final TestDatabase database = TestDatabase.migrated();

  @Override
  protected Sink open() {
    return open(database.url());
  }

  private PostgresSink open(String url) {
    return new PostgresSink(
        new PostgresSettings(
            url, database.user(), new SecretRef.Env(TestDatabase.PASSWORD_VARIABLE)),
        database.environment(),
        Duration.ofSeconds(30));
  }

  @AfterEach
  void dropDatabase() {
    database.close();
  }

  @Override
  protected List<List<@Nullable Object>> stored(SampleTable table) {
    List<List<@Nullable Object>> rows = new ArrayList<>();
    for (List<@Nullable Object> row : database.query("SELECT * FROM fathom." + table.tableName())) {
      List<@Nullable Object> cells = new ArrayList<>(row);
      cells.set(1, instant(String.valueOf(row.get(0)), table, row));
      rows.add(Collections.unmodifiableList(cells));
    }
    return rows;
  }

  private static Object instant(String site, SampleTable table, List<@Nullable Object> row) {
    Object value = row.get(1);
    if (value instanceof java.sql.Timestamp timestamp) {
      return timestamp.toInstant();
    }
    if (value instanceof OffsetDateTime time) {
      return time.toInstant();
    }
    throw new IllegalStateException(site + " in " + table + " has the time " + value);
  }

  @Test
  void columnsAreTheContracts() {
    try (Sink sink = open()) {
      sink.samples().prepare();
      sink.samples().prepare();
    }
    assertThat(
            database.query(
                """
                SELECT table_name || ': '
                         || string_agg(column_name || ' ' || data_type, ', ' ORDER BY ordinal_position)
                  FROM information_schema.columns
                 WHERE table_schema = 'fathom' AND table_name LIKE 'current%'
                 GROUP BY table_name ORDER BY table_name\
                """))
        .extracting(r -> String.valueOf(r.get(0)))
        .containsExactly(
            "current_pages: site_id text, sampled_at timestamp with time zone, hostname text,"
                + " pathname text, total bigint",
            "current_referrers: site_id text, sampled_at timestamp with time zone,"
                + " referrer_hostname text, referrer_pathname text, total bigint",
            "current_visitors: site_id text, sampled_at timestamp with time zone, total bigint");
  }

  /** Whatever becomes of the COMMIT: the sample is there, once. */
  @ParameterizedTest
  @EnumSource(names = {"REPLY", "REQUEST"})
  void aLostCommitIsDoneAgain(CommitCutter.Cut cut) {
    VisitorSample sample = sample(SITE, NOON, 8);
    try (CommitCutter cutter = new CommitCutter(database.host(), database.port());
        PostgresSink sink = open(database.urlAt("127.0.0.1", cutter.port()))) {
      sink.samples().prepare();
      cutter.cutNext(cut);
      sink.samples().append(sample);
      assertThat(cutter.commits()).as("COMMITs since the cut was asked for").isPositive();
    }
    assertHolds(sample);
  }

  @Test
  void aCommitThatCannotBeSettledIsSaidToBeUnknown() {
    try (CommitCutter cutter = new CommitCutter(database.host(), database.port());
        PostgresSink sink = open(database.urlAt("127.0.0.1", cutter.port()))) {
      sink.samples().prepare();
      cutter.cutNext(CommitCutter.Cut.REPLY_AND_ALL_THAT_FOLLOWS);
      SinkException e =
          catchThrowableOfType(
              SinkException.class, () -> sink.samples().append(sample(SITE, NOON, 8)));
      assertThat(e).isNotNull();
      assertThat(e.kind()).as(e.getMessage()).isEqualTo(SinkException.Kind.UNKNOWN);
      assertThat(e).hasMessageContaining("CDBUGS").hasMessageContaining("not known");
    }
  }

  /** A history is cut short with one statement, and no list outlives its sample. */
  @Test
  void deletingASampleDeletesItsLists() {
    VisitorSample old = sample(SITE, NOON.minusSeconds(86_400), 3);
    VisitorSample kept = sample(SITE, NOON, 8);
    try (Sink sink = open()) {
      sink.samples().prepare();
      sink.samples().append(old);
      sink.samples().append(kept);
    }
    database.execute("DELETE FROM fathom.current_visitors WHERE sampled_at < '2026-06-11'");
    assertHolds(kept);
  }

  @Test
  void aDatabaseThatIsNotReadySaysWhatToDo() {
    try (TestDatabase empty = TestDatabase.create();
        Sink sink = open(empty.url())) {
      SinkException e =
          catchThrowableOfType(
              SinkException.class, () -> sink.samples().append(sample(SITE, NOON, 8)));
      assertThat(e.kind()).isEqualTo(SinkException.Kind.DEFINITION);
      assertThat(e).hasMessageContaining("fathom-export migrate");
    }
  }
}
