package fathomexport.sink.parquet;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.dimension.Sighting;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.testing.LoadBuilder;
import fathomexport.testing.TestReports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The coverage file, as a reader with DuckDB and without a database sees it. */
class CoverageFileTest {
  private static final LocalDate D1 = LocalDate.of(2026, 6, 1);
  private static final LocalDate D2 = D1.plusDays(1);
  private static final LocalDate D3 = D1.plusDays(2);
  private static final LocalDate D4 = D1.plusDays(3);
  private static final String SITE = "CDBUGS";
  private static final Report TRAFFIC = TestReports.traffic();

  @TempDir Path root;
  @TempDir Path spill;
  private ParquetSink sink;

  @BeforeEach
  void open() {
    sink = new ParquetSink(new ParquetSettings(root));
  }

  @AfterEach
  void close() {
    sink.close();
  }

  private LoadBuilder load(Report report, @Nullable String event, LocalDate first, LocalDate last) {
    return new LoadBuilder(
        report, new Slice(new SiteId(SITE), event), new DayRange(first, last), spill);
  }

  private LoadBuilder traffic(LocalDate day) {
    return load(TRAFFIC, null, day, day);
  }

  private void commit(Report report, LoadBuilder... loads) {
    sink.migrate(List.of(report));
    for (LoadBuilder load : loads) {
      sink.commit(load.build());
    }
  }

  /** Returns the columns of the file's rows as text. */
  private List<String> ask(String columns) throws SQLException {
    String sql =
        "SELECT concat_ws('|', "
            + columns
            + ") FROM '"
            + root
            + "/_fathom/coverage.parquet' ORDER BY report, event_name, period, period_end";
    try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duck.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      List<String> rows = new ArrayList<>();
      while (result.next()) {
        rows.add(result.getString(1));
      }
      return rows;
    }
  }

  @Test
  void eachPeriodHasOneStateTheWorstThatApplies() throws SQLException {
    commit(
        TRAFFIC,
        traffic(D1).definition(TRAFFIC.definition()).row(D1, 1, 10, 1.5),
        traffic(D2).definition(TRAFFIC.definition()),
        traffic(D4).definition("of an older filter").row(D4, 1, 10, 1.5),
        traffic(D4.plusDays(1)).definition(TRAFFIC.definition()).uncertified(D4.plusDays(1)));
    LocalDate d6 = D4.plusDays(2);
    commit(
        TRAFFIC,
        traffic(d6).definition(TRAFFIC.definition()).row(d6, 1, 2, 3.0).incomplete(d6, true));
    LocalDate d7 = D4.plusDays(3);
    commit(
        TRAFFIC, traffic(d7).definition(TRAFFIC.definition()).row(d7, 1, 2, 3.0).uncertified(d7));

    sink.runEnded(() -> false);

    assertThat(ask("report, site_id, period, state, rows, reason"))
        .containsExactly(
            "traffic_daily|CDBUGS|2026-06-01|complete|1",
            "traffic_daily|CDBUGS|2026-06-02|empty|0",
            "traffic_daily|CDBUGS|2026-06-03|missing|0",
            "traffic_daily|CDBUGS|2026-06-04|stale|1",
            "traffic_daily|CDBUGS|2026-06-05|incomplete|0|the report has no additive measure",
            "traffic_daily|CDBUGS|2026-06-06|incomplete|1|pageviews differ from the control by 1",
            "traffic_daily|CDBUGS|2026-06-07|complete|1|the report has no additive measure");
  }

  @Test
  void failedAttemptsAreNamedWhetherSomethingIsStoredOrNot() throws SQLException {
    commit(
        TRAFFIC,
        traffic(D1).definition(TRAFFIC.definition()).row(D1, 1, 10, 1.5),
        traffic(D4).definition(TRAFFIC.definition()).row(D4, 1, 10, 1.5),
        traffic(D1).row(D1, 1, 11, 1.5).incomplete(D1, false),
        traffic(D3).row(D3, 1, 11, 1.5).incomplete(D3, false));

    sink.runEnded(() -> false);

    String differ = "pageviews differ from the control by 1";
    assertThat(ask("period, state, rows, covers_to IS NULL, fetched_at IS NULL, reason"))
        .containsExactly(
            "2026-06-01|incomplete|1|false|false|" + differ,
            "2026-06-02|missing|0|true|true",
            "2026-06-03|incomplete|0|true|false|" + differ,
            "2026-06-04|complete|1|false|false");
  }

  @Test
  void eventsMonthsAndRangesHaveTheirOwnRows() throws SQLException {
    Report goals = TestReports.goals();
    commit(
        goals,
        load(goals, "Sign up 😀", D1, D1).definition(goals.definition()),
        load(goals, "Buy", D1, D1).definition(goals.definition()));
    Report monthly = TestReports.pageviews("monthly", DateGrouping.MONTH);
    LocalDate april = LocalDate.of(2026, 4, 1);
    commit(
        monthly,
        load(monthly, null, april, april.plusDays(29)).definition(monthly.definition()),
        load(monthly, null, D1, D4).definition(monthly.definition()).row(D1, 1, 2, 3.0));
    Report total = TestReports.pageviews("total", DateGrouping.NONE);
    commit(
        total,
        load(total, null, D1, D4).definition(total.definition()).row(D1, 1, 2, 3.0),
        load(total, null, D1, D3).definition(total.definition()).row(D1, 1, 2, 3.0));

    sink.runEnded(() -> false);

    assertThat(ask("report, coalesce(event_name, '-'), period, period_end, covers_to, state"))
        .containsExactly(
            "goals_daily|Buy|2026-06-01|2026-06-01|2026-06-01|empty",
            "goals_daily|Sign up 😀|2026-06-01|2026-06-01|2026-06-01|empty",
            "monthly|-|2026-04-01|2026-04-30|2026-04-30|empty",
            "monthly|-|2026-05-01|2026-05-31|missing",
            "monthly|-|2026-06-01|2026-06-30|2026-06-04|provisional",
            "total|-|2026-06-01|2026-06-03|2026-06-03|complete",
            "total|-|2026-06-01|2026-06-04|2026-06-04|complete");
  }

  /** A month of a site or event that is retired will never be whole. */
  @Test
  void whatIsRetiredIsNotProvisional() throws SQLException {
    Report monthly = TestReports.pageviews("monthly", DateGrouping.MONTH);
    commit(
        monthly, load(monthly, null, D1, D4).definition(monthly.definition()).row(D1, 1, 2, 3.0));
    SiteId id = new SiteId(SITE);
    Sighting listed =
        new Sighting(
            LoadBuilder.FETCHED_AT,
            List.of(new Site(id, "a", null)),
            Map.of(),
            Map.of(),
            new Sighting.Membership("nightly", Set.of(id), Set.of(), Set.of(), Map.of()));
    assertThat(sink.dimensions().record(listed)).hasSize(1);
    sink.runEnded(() -> false);
    assertThat(ask("period, state, reason")).containsExactly("2026-06-01|provisional");

    Sighting gone =
        new Sighting(
            LoadBuilder.FETCHED_AT.plus(Duration.ofDays(1)),
            List.of(),
            Map.of(),
            Map.of(),
            new Sighting.Membership(
                "nightly", Set.of(), Set.of(id), Set.of(), Map.of(new Slice(id, null), D4)));
    assertThat(sink.dimensions().record(gone)).hasSize(1);
    sink.runEnded(() -> false);

    assertThat(ask("period, covers_to, state, rows, reason"))
        .containsExactly(
            "2026-06-01|2026-06-04|incomplete|1|not over when it was fetched, and its site or event"
                + " is no longer listed: it will never be whole");
  }

  /**
   * Another pipeline's reports are in the file, too; their newest definition is the current one.
   */
  @Test
  void reportsOfOtherPipelinesAreIncluded() throws SQLException {
    Instant earlier = LoadBuilder.FETCHED_AT.minus(Duration.ofDays(9));
    commit(
        TRAFFIC,
        traffic(D1).definition("old").run("r1", earlier).row(D1, 1, 10, 1.5),
        traffic(D2).definition("new").row(D2, 1, 10, 1.5));
    sink.close();
    sink = new ParquetSink(new ParquetSettings(root));
    Report pages = TestReports.pages();
    commit(pages, load(pages, null, D1, D1).definition(pages.definition()));

    sink.runEnded(() -> false);

    assertThat(ask("report, period, state"))
        .containsExactly(
            "pages_daily|2026-06-01|empty",
            "traffic_daily|2026-06-01|stale",
            "traffic_daily|2026-06-02|complete");
  }

  @Test
  void anUnchangedLedgerLeavesTheFileAsItIs() throws IOException {
    commit(TRAFFIC, traffic(D1).definition(TRAFFIC.definition()).row(D1, 1, 10, 1.5));
    sink.runEnded(() -> false);
    Path file = root.resolve("_fathom/coverage.parquet");
    FileTime longAgo = FileTime.from(Instant.EPOCH);
    Files.setLastModifiedTime(file, longAgo);
    // What a killed run leaves behind.
    Files.writeString(root.resolve("_fathom/.coverage.parquet.tmp"), "half");

    sink.runEnded(() -> false);

    assertThat(Files.getLastModifiedTime(file)).isEqualTo(longAgo);
    assertThat(root.resolve("_fathom/.coverage.parquet.tmp")).doesNotExist();
  }

  @Test
  void theTypesAreThoseOfTheReports() throws SQLException {
    commit(TRAFFIC, traffic(D1).definition(TRAFFIC.definition()).row(D1, 1, 10, 1.5));

    sink.runEnded(() -> false);

    assertThat(
            ask(
                "typeof(period), typeof(covers_to), typeof(state), typeof(rows),"
                    + " typeof(fetched_at), typeof(confirmed_at)"))
        .containsExactly(
            "DATE|DATE|VARCHAR|BIGINT|TIMESTAMP WITH TIME ZONE|TIMESTAMP WITH TIME ZONE");
  }
}
