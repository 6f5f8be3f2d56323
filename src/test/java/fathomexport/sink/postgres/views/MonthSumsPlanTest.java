package fathomexport.sink.postgres.views;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.Entity;
import fathomexport.report.Field;
import fathomexport.report.Report;
import fathomexport.sink.postgres.PostgresSink;
import fathomexport.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How the rows of a month are summed up right after a load, before the planner knows of them. */
class MonthSumsPlanTest {
  private static final Report BROWSERS =
      new Report(
          "browsers",
          Entity.PAGEVIEW,
          null,
          List.of(Aggregate.VISITS),
          DateGrouping.DAY,
          List.of(Field.BROWSER),
          List.of());

  /**
   * The groups are numbered as they come. If the rows were sorted for it, which takes most of the
   * time, the numbers would be in the order of the texts.
   */
  @Test
  void theRowsOfAMonthAreNotSorted() throws SQLException {
    try (TestDatabase database = TestDatabase.migrated();
        PostgresSink sink = database.sink()) {
      sink.migrate(List.of(BROWSERS));
      database.execute(
          "ALTER TABLE fathom.browsers SET (autovacuum_enabled = false)",
          "INSERT INTO fathom.browsers (site_id, date, browser, visits)"
              + " SELECT 'A', date '2026-05-01' + d, md5(b::text), 1"
              + " FROM generate_series(0, 29) d, generate_series(1, 200) b",
          """
          INSERT INTO fathom_ops.ledger
            (report, site_id, event_name, period, period_end, covers_to, status, stored, rows,
             store_if_absent, definition, requests, control_requests, splits, window_id, run_id,
             fetched_at)
          SELECT r.report, 'A', '', d.day, d.day, d.day, 'certified', true, 200,
                 false, r.definition, 1, 0, 0, 'w', 'r', now()
            FROM fathom_ops.report r, (SELECT DISTINCT date AS day FROM fathom.browsers) d
           WHERE r.report = 'browsers'\
          """);
      try (Connection connection = database.connect()) {
        new MonthSums(connection, MonthSums.LEAST_ROWS).update(() -> false);
      }
      assertThat(
              database.query(
                  "SELECT count(*), bool_and(n = place), sum(visits)::bigint FROM (SELECT *,"
                      + " row_number() OVER (ORDER BY fields) AS place FROM fathom_ops.month_group)"
                      + " g"))
          .containsExactly(List.of(200L, false, 6000L));
    }
  }
}
