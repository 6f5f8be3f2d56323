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
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How the server reads the reports that are compared with each other. */
class AdditivityStatementTest {
  private static Report report(String name, DateGrouping grouping, Field... fields) {
    return new Report(
        name,
        Entity.PAGEVIEW,
        null,
        List.of(Aggregate.VISITS, Aggregate.PAGEVIEWS),
        grouping,
        List.of(fields),
        List.of());
  }

  /**
   * Where rows are joined to periods by their site alone, each is compared with all periods of the
   * site: for three years of pages, that did not end within minutes.
   */
  @Test
  void rowsFindTheirPeriodByAnEquality() throws SQLException {
    try (TestDatabase database = TestDatabase.migrated();
        PostgresSink sink = database.sink();
        Connection connection = database.connect();
        Statement statement = connection.createStatement()) {
      sink.migrate(
          List.of(
              report("days", DateGrouping.DAY),
              report("pages", DateGrouping.DAY, Field.PATHNAME),
              report("hours", DateGrouping.HOUR),
              report("pages_by_hour", DateGrouping.HOUR, Field.PATHNAME),
              report("months", DateGrouping.MONTH),
              report("pages_by_month", DateGrouping.MONTH, Field.PATHNAME),
              report("years", DateGrouping.YEAR)));
      // Of a large number of periods, the server builds a table of hashes.
      statement.execute("SET enable_nestloop = off; SET enable_mergejoin = off");
      List<Additivity.Pair> pairs = Additivity.pairs(KnownReport.read(connection));
      assertThat(pairs).extracting(Additivity.Pair::direction).contains("over_days", "over_groups");
      for (Additivity.Pair pair : pairs) {
        List<String> joins = new ArrayList<>();
        try (ResultSet plan =
            statement.executeQuery("EXPLAIN (COSTS off) " + Additivity.statement(pair))) {
          while (plan.next()) {
            if (plan.getString(1).matches(".*Hash Cond: .*\\bt(_\\d)?\\.site_id.*")) {
              joins.add(plan.getString(1));
            }
          }
        }
        assertThat(joins)
            .as("%s against %s", pair.parts().name(), pair.whole().name())
            .hasSize(2)
            .allSatisfy(join -> assertThat(join).contains(".period)"));
      }
    }
  }
}
