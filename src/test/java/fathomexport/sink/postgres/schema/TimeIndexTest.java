package fathomexport.sink.postgres.schema;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.Report;
import fathomexport.sink.Migrated;
import fathomexport.sink.postgres.db.Database;
import fathomexport.testing.TestDatabase;
import fathomexport.testing.TestReports;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The index for readers of all sites: how old tables get it, beside readers and loads. */
class TimeIndexTest {
  private static final Report PAGES = TestReports.pages();
  private static final String INDEXES =
      """
      SELECT a.attname, i.indisvalid
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
       WHERE i.indrelid = 'fathom.pages_daily'::regclass AND m.amname = 'brin'\
      """;

  private final TestDatabase server = TestDatabase.migrated();
  private final Database database = new Database(server.settings(), server.environment());

  @BeforeEach
  void migrateOnce() throws SQLException {
    assertThat(migrate().notices()).isEmpty();
  }

  @AfterEach
  void close() {
    database.close();
    server.close();
  }

  private Migrated migrate() throws SQLException {
    return new Migrations(database, Duration.ofMillis(200)).run(List.of(PAGES));
  }

  private List<List<@Nullable Object>> indexes() {
    return server.query(INDEXES);
  }

  /** Makes the table what an earlier version has left: with rows, without the index. */
  private void makeOld() {
    server.execute(
        """
        INSERT INTO fathom.pages_daily (site_id, date, pathname, visits, pageviews)
        SELECT 'S' || s, date '2025-01-01' + d, '/' || p, 1, 1
          FROM generate_series(1, 20) s, generate_series(0, 99) d, generate_series(1, 20) p\
        """,
        """
        DO $$ BEGIN
          EXECUTE (SELECT 'DROP INDEX ' || string_agg(c.oid::regclass::text, ', ')
                     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
                    WHERE i.indrelid = 'fathom.pages_daily'::regclass AND m.amname = 'brin');
        END $$\
        """);
    assertThat(indexes()).isEmpty();
  }

  @Test
  void aNewTableHasTheIndexFromItsCreation() throws SQLException {
    assertThat(indexes()).containsExactly(List.of("date", true));

    assertThat(migrate().notices()).isEmpty();

    assertThat(indexes()).hasSize(1);
  }

  @Test
  void aReaderIsNotDisturbedByTheIndexThatWaitsForItsTransaction() throws SQLException {
    makeOld();
    try (Connection reader = server.connect();
        Statement query = reader.createStatement()) {
      reader.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      reader.setAutoCommit(false);
      query.execute("SELECT count(*) FROM fathom.pages_daily");

      assertThat(migrate().notices())
          .singleElement()
          .asString()
          .contains("fathom.pages_daily has no index on date yet");

      query.execute("SELECT count(*) FROM fathom.pages_daily");
      server.execute("UPDATE fathom.pages_daily SET pageviews = 3 WHERE site_id = 'S2'");
      reader.rollback();
    }
    assertThat(migrate().notices()).isEmpty();
    assertThat(indexes()).containsExactly(List.of("date", true));
  }

  @Test
  void anInterruptedIndexIsDroppedAndBuiltAgain() throws SQLException {
    makeOld();
    try (Connection load = server.connect();
        Statement statement = load.createStatement()) {
      load.setAutoCommit(false);
      statement.execute("UPDATE fathom.pages_daily SET pageviews = 2 WHERE site_id = 'S1'");

      assertThat(migrate().notices())
          .singleElement()
          .asString()
          .contains("fathom.pages_daily", "date", "`fathom-export migrate` tries again");
      // A load in progress was not disturbed, and the index that was begun does not count.
      load.commit();
    }
    assertThat(indexes()).containsExactly(List.of("date", false));

    assertThat(migrate().notices()).isEmpty();

    assertThat(indexes()).containsExactly(List.of("date", true));
  }

  @Test
  void daysOfAllSitesAreReadByTheIndex() throws SQLException {
    makeOld();
    assertThat(migrate().notices()).isEmpty();
    server.execute("VACUUM ANALYZE fathom.pages_daily");

    List<List<@Nullable Object>> plan =
        server.query(
            """
            EXPLAIN SELECT site_id, date, sum(pageviews) FROM fathom.pages_daily
             WHERE date = '2025-02-01' GROUP BY site_id, date\
            """);

    assertThat(plan.toString()).contains("Bitmap Index Scan").doesNotContain("Seq Scan");
  }

  @Test
  void aRunThatFindsAnotherBuildingTheIndexesLeavesThemToIt() throws SQLException {
    makeOld();
    try (Connection other = server.connect();
        Statement statement = other.createStatement()) {
      statement.execute("SELECT pg_advisory_lock(hashtextextended('fathom-export/index', 0))");

      assertThat(migrate().notices()).isEmpty();
      assertThat(indexes()).isEmpty();
    }
    assertThat(migrate().notices()).isEmpty();
    assertThat(indexes()).containsExactly(List.of("date", true));
  }
}
