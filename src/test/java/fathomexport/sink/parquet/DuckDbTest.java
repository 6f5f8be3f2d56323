package fathomexport.sink.parquet;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Field;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.testing.LoadBuilder;
import fathomexport.testing.TestReports;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The files as another program reads them. */
class DuckDbTest {
  private static final LocalDate MAY_31 = LocalDate.of(2026, 5, 31);
  private static final LocalDate D1 = LocalDate.of(2026, 6, 1);

  @TempDir Path root;
  @TempDir Path spill;

  private void commit(Report report, LoadBuilder... loads) {
    try (ParquetSink sink = new ParquetSink(new ParquetSettings(root))) {
      sink.migrate(List.of(report));
      for (LoadBuilder load : loads) {
        sink.commit(load.build());
      }
    }
  }

  private LoadBuilder load(Report report, String site, LocalDate first, LocalDate last) {
    return new LoadBuilder(
        report, new Slice(new SiteId(site), null), new DayRange(first, last), spill);
  }

  /** Answers as text, a row a line. */
  private List<String> ask(String sql) throws SQLException {
    try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duck.createStatement();
        ResultSet result = statement.executeQuery(sql.replace("ROOT", root.toString()))) {
      List<String> rows = new ArrayList<>();
      while (result.next()) {
        List<String> cells = new ArrayList<>();
        for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
          cells.add(String.valueOf(result.getString(i)));
        }
        rows.add(String.join("|", cells));
      }
      return rows;
    }
  }

  @Test
  void typesAndValues() throws SQLException {
    Report pages = TestReports.pages();
    commit(
        pages,
        load(pages, "CDBUGS", MAY_31, D1)
            .row(MAY_31, "a.example", null, 1, Long.MAX_VALUE, 0.5)
            .row(MAY_31, "a.example", "", 2, 0, null)
            .row(D1, null, "/ä😀", 3, 4, 20.416666666667),
        load(pages, "a/b ä%.", D1, D1).row(D1, "b.example", "/", 5, 6, 0.0));
    String files = "read_parquet('ROOT/pages_daily/**/*.parquet', hive_partitioning=true)";

    assertThat(ask("select column_name, column_type from (describe select * from " + files + ")"))
        .containsExactly(
            "site_id|VARCHAR",
            "date|DATE",
            "hostname|VARCHAR",
            "pathname|VARCHAR",
            "visits|BIGINT",
            "pageviews|BIGINT",
            "avg_duration|DOUBLE",
            "month|VARCHAR");
    assertThat(ask("select * from " + files + " order by site_id, date, pathname nulls first"))
        .containsExactly(
            "CDBUGS|2026-05-31|a.example|null|1|9223372036854775807|0.5|2026-05",
            "CDBUGS|2026-05-31|a.example||2|0|null|2026-05",
            "CDBUGS|2026-06-01|null|/ä😀|3|4|20.416666666667|2026-06",
            "a/b ä%.|2026-06-01|b.example|/|5|6|0.0|2026-06");
    assertThat(ask("select pathname from " + files + " where site_id = 'a/b ä%.'"))
        .containsExactly("/");
    assertThat(
            ask(
                "select distinct site_id from read_parquet('ROOT/pages_daily/**/*.parquet',"
                    + " hive_partitioning=false) order by 1"))
        .as("the column is in the file too")
        .containsExactly("CDBUGS", "a/b ä%.");
  }

  /** Files from before a new column lack it; {@code union_by_name} fills it with null. */
  @Test
  void filesFromBeforeANewColumn() throws SQLException {
    Report before = TestReports.measuring("traffic", List.of(Aggregate.PAGEVIEWS));
    Report after = TestReports.measuring("traffic", List.of(Aggregate.VISITS, Aggregate.PAGEVIEWS));
    commit(before, load(before, "CDBUGS", MAY_31, MAY_31).row(MAY_31, 10));
    commit(after, load(after, "CDBUGS", D1, D1).row(D1, 5, 11));

    assertThat(
            ask(
                "select date, visits, pageviews from read_parquet('ROOT/traffic/**/*.parquet',"
                    + " hive_partitioning=true, union_by_name=true) order by date"))
        .containsExactly("2026-05-31|null|10", "2026-06-01|5|11");
  }

  @Test
  void hours() throws SQLException {
    Report hourly = TestReports.pageviews("hourly", DateGrouping.HOUR, Field.BROWSER);
    commit(hourly, load(hourly, "CDBUGS", D1, D1).row(D1.atTime(2, 30), "Firefox", 1, 2, 3.0));

    assertThat(
            ask(
                "select typeof(hour), hour::varchar from"
                    + " read_parquet('ROOT/hourly/**/*.parquet', hive_partitioning=true)"))
        .containsExactly("TIMESTAMP|2026-06-01 02:30:00");
  }

  @Test
  void monthsAndRangesAndNothing() throws SQLException {
    Report monthly = TestReports.pageviews("monthly", DateGrouping.MONTH);
    commit(monthly, load(monthly, "CDBUGS", D1, D1.plusDays(9)).row(D1, 1, 2, 3.0));
    Report total = TestReports.pageviews("total", DateGrouping.NONE);
    commit(total, load(total, "CDBUGS", D1, D1.plusDays(9)).row(D1, 1, 2, 3.0));
    Report empty = TestReports.traffic();
    commit(empty, load(empty, "CDBUGS", D1, D1));

    assertThat(ask("from read_parquet('ROOT/monthly/**/*.parquet', hive_partitioning=true)"))
        .containsExactly("CDBUGS|2026-06-01|1|2|3.0|2026");
    assertThat(ask("from read_parquet('ROOT/total/**/*.parquet', hive_partitioning=true)"))
        .containsExactly("CDBUGS|2026-06-01|2026-06-10|1|2|3.0");
    assertThat(ask("from read_parquet('ROOT/traffic_daily/**/*.parquet')")).isEmpty();
  }

  @Test
  void certificatesAreInReach() throws SQLException {
    Report traffic = TestReports.traffic();
    commit(traffic, load(traffic, "CDBUGS", D1, D1).row(D1, 1, 10, 1.5));

    assertThat(
            ask(
                "select json_extract_string(decode(value), '$.periods[0].status') from"
                    + " parquet_kv_metadata('ROOT/traffic_daily/**/*.parquet')"
                    + " where decode(key) = 'fathom_export.ledger'"))
        .containsExactly("certified");
  }
}
