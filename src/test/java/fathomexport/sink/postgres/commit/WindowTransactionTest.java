package fathomexport.sink.postgres.commit;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.DayRange;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.sink.WindowLoad;
import fathomexport.sink.postgres.db.Queries;
import fathomexport.testing.LoadBuilder;
import fathomexport.testing.TestDatabase;
import fathomexport.testing.TestReports;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How a window's transaction reads the report's table. */
class WindowTransactionTest {
  private static final LocalDate DAY = LocalDate.of(2026, 6, 1);

  @TempDir private Path spill;

  private final TestDatabase database = TestDatabase.migratedFor(TestReports.pages());
  private Connection connection;

  @BeforeEach
  void connect() throws SQLException {
    connection = database.connect();
    connection.setAutoCommit(false);
  }

  @AfterEach
  void disconnect() throws SQLException {
    connection.close();
    database.close();
  }

  private WindowLoad load(int week, int changed) {
    LocalDate first = DAY.plusDays(7L * week);
    LoadBuilder load =
        new LoadBuilder(
            TestReports.pages(),
            new Slice(new SiteId("ABCDEF"), null),
            new DayRange(first, first.plusDays(6)),
            spill);
    for (int row = 0; row < 70; row++) {
      load.row(first.plusDays(row % 7), "www.example.com", "/" + row, row + changed, 1L, null);
    }
    return load.build();
  }

  private List<String> scans() throws SQLException {
    return Queries.list(
        connection,
        """
        SELECT c.relname, pg_stat_get_xact_numscans(c.oid) AS scans
          FROM pg_catalog.pg_class c
         WHERE c.oid = 'fathom.pages_daily'::regclass
            OR c.oid IN (SELECT i.indexrelid FROM pg_catalog.pg_index i
                          WHERE i.indrelid = 'fathom.pages_daily'::regclass AND NOT i.indisunique)
         ORDER BY 1\
        """,
        p -> {},
        r -> r.text("relname") + " " + r.number("scans"));
  }

  /**
   * The server's statistics of a table that is being filled are those of its beginning. By them the
   * small index on the days looks good, which returns every page that it has not summarized yet:
   * the whole table, again for each window.
   */
  @Test
  void theTableIsReadByItsUniqueIndexOnly() throws SQLException, IOException {
    WindowTransaction transaction = new WindowTransaction(connection, null);
    transaction.commit(load(0, 0));
    connection.commit();
    database.executeAsSuperuser("ANALYZE fathom.pages_daily");
    for (int week = 1; week < 3; week++) {
      assertThat(transaction.commit(load(week, 0)).rowsStored()).isEqualTo(70);
    }
    assertThat(transaction.commit(load(1, 1)).changed()).hasSize(7);
    assertThat(scans())
        .as("scans of the whole table, and of its other index")
        .containsExactly("pages_daily 0", "pages_daily_date_idx 0");
  }
}
