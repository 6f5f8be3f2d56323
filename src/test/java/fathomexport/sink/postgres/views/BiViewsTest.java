package fathomexport.sink.postgres.views;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Entity;
import fathomexport.report.Field;
import fathomexport.report.Filter;
import fathomexport.report.Operator;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.sink.postgres.PostgresSink;
import fathomexport.testing.LoadBuilder;
import fathomexport.testing.TestDatabase;
import fathomexport.testing.TestReports;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of the views, and of what users have built on them, when reports change. */
class BiViewsTest {
  private TestDatabase database;
  private PostgresSink sink;

  @BeforeEach
  void open() {
    database = TestDatabase.migrated();
    sink = database.sink();
  }

  @AfterEach
  void close() {
    sink.close();
    database.close();
  }

  private List<String> migrate(Report... reports) {
    return sink.migrate(List.of(reports)).notices();
  }

  private String columns(String view) {
    return String.valueOf(
        database
            .query(
                "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid ="
                    + " '"
                    + view
                    + "'::regclass AND attnum > 0")
            .get(0)
            .get(0));
  }

  private boolean exists(String view) {
    return database
        .query("SELECT to_regclass('" + view + "') IS NOT NULL")
        .equals(List.of(List.of(true)));
  }

  /** Nothing can be done about them; that nothing came is no evidence that there was nothing. */
  @Test
  void rowsThatNoControlCanConfirmAreComplete() {
    assertThat(
            database.query(
                "SELECT fathom_ops.period_state(true, false, 'uncertified', false, false, 5),"
                    + " fathom_ops.period_state(true, false, 'uncertified', false, false, 0),"
                    + " fathom_ops.period_state(true, false, 'uncertified', false, true, 5),"
                    + " fathom_ops.period_state(true, false, 'certified', false, false, 0),"
                    + " fathom_ops.period_state(true, false, 'incomplete', false, false, 5)"))
        .containsExactly(List.of("complete", "incomplete", "provisional", "empty", "incomplete"));
  }

  /**
   * A month's conversions belong to the month's visits, not to those of the days that are stored.
   */
  @Test
  void ratesOfAMonthDivideByTheVisitsOfTheWholeMonth() {
    Report goals = TestReports.goals("goals_monthly", DateGrouping.MONTH);
    assertThat(migrate(TestReports.traffic(), goals)).isEmpty();
    database.execute(
        "INSERT INTO fathom.traffic_daily (site_id, date, visits, pageviews) VALUES ('S',"
            + " '2026-03-30', 94, 100)",
        "INSERT INTO fathom.goals_monthly (site_id, event_name, date, referrer_source, conversions,"
            + " unique_conversions, value) VALUES ('S', 'buy', '2026-03-01', 'web', 45, 45, 0)");
    String rate = "SELECT conversion_rate FROM fathom_bi.goals_monthly";

    assertThat(database.query(rate))
        .as("of the month's visits only a part is known")
        .containsExactly(Collections.singletonList(null));

    assertThat(
            migrate(
                TestReports.traffic(),
                goals,
                TestReports.pageviews("traffic_monthly", DateGrouping.MONTH)))
        .isEmpty();
    database.execute(
        "INSERT INTO fathom.traffic_monthly (site_id, date, visits, pageviews) VALUES ('S',"
            + " '2026-03-01', 300, 400)");

    assertThat(database.query(rate)).containsExactly(List.of(0.15));
  }

  @Test
  void anAddedMeasureComesAtTheEndAndUsersViewsGoOn() {
    assertThat(
            migrate(TestReports.measuring("pages", List.of(Aggregate.PAGEVIEWS), Field.PATHNAME)))
        .isEmpty();
    String before = columns("fathom_bi.pages");
    database.execute("CREATE VIEW public.mine AS SELECT * FROM fathom_bi.pages");

    assertThat(
            migrate(
                TestReports.measuring(
                    "pages", List.of(Aggregate.VISITS, Aggregate.PAGEVIEWS), Field.PATHNAME)))
        .isEmpty();

    assertThat(columns("fathom_bi.pages")).isEqualTo(before + " visits");
    assertThat(database.query("SELECT * FROM public.mine")).isEmpty();
  }

  @Test
  void aLostFieldNamesWhatDependsAndTheRunContinues() {
    Report before =
        TestReports.pageviews("pages", DateGrouping.DAY, Field.HOSTNAME, Field.PATHNAME);
    Report after = TestReports.pageviews("pages", DateGrouping.DAY, Field.PATHNAME);
    migrate(before);
    database.execute(
        "CREATE VIEW public.mine AS SELECT hostname FROM fathom_bi.pages",
        "ALTER TABLE fathom.pages RENAME TO pages_old");

    assertThat(migrate(after))
        .singleElement()
        .asString()
        .contains("fathom_bi.\"pages\"", "column hostname is gone", "public.mine", "migrate");
    assertThat(columns("fathom_bi.pages")).contains("hostname");
    assertThat(columns("fathom_bi.pages_month"))
        .as("views that nothing depends on are created again")
        .doesNotContain("hostname");

    database.execute("DROP VIEW public.mine");
    assertThat(migrate(after)).isEmpty();
    assertThat(columns("fathom_bi.pages")).doesNotContain("hostname");
    database.execute("DROP TABLE fathom.pages_old");
  }

  @Test
  void aRenamedReportsViewsAreRenamedAndUsersViewsGoOn() {
    migrate(
        TestReports.pages(),
        TestReports.pageviews("sources", DateGrouping.DAY, Field.REFERRER_SOURCE));
    database.execute(
        "CREATE VIEW public.mine AS SELECT * FROM fathom_bi.pages_daily_month",
        "INSERT INTO fathom.pages_daily (site_id, date, pathname, visits, pageviews)"
            + " VALUES ('SITE', '2026-05-01', '/a', 2, 3)",
        entry("pages_daily", "SITE", "", "2026-05-01", "2026-05-01", "2026-05-01"));

    sink.rename(Map.of("pages", "pages_daily", "origins", "sources"));
    assertThat(
            migrate(
                TestReports.pageviews("pages", DateGrouping.DAY, Field.HOSTNAME, Field.PATHNAME),
                TestReports.pageviews("origins", DateGrouping.DAY, Field.REFERRER_SOURCE)))
        .isEmpty();

    assertThat(
            database.query(
                "SELECT relname FROM pg_class WHERE relnamespace = 'fathom_bi'::regnamespace AND"
                    + " relname ~ '^(pages|origins|sources)' ORDER BY 1"))
        .containsExactly(
            List.of("origins"),
            List.of("origins_channel"),
            List.of("origins_month"),
            List.of("pages"),
            List.of("pages_month"));
    assertThat(
            database.query(
                "SELECT view FROM fathom_ops.bi_view WHERE view ~ '^(pages|origins|sources)'"))
        .hasSize(5);
    assertThat(
            database.query(
                "SELECT pg_get_viewdef(c.oid) LIKE '%pages_daily%' FROM pg_class c"
                    + " WHERE c.oid IN ('fathom_bi.pages'::regclass,"
                    + " 'fathom_bi.pages_month'::regclass)"))
        .as("nothing reads the evidence of the earlier name")
        .containsExactly(List.of(false), List.of(false));
    assertThat(database.query("SELECT pageviews FROM public.mine"))
        .isEqualTo(database.query("SELECT pageviews FROM fathom_bi.pages_month"))
        .hasSize(1);
  }

  /** A view of the new name may be there already, or an earlier version has left views behind. */
  @Test
  void aViewThatNoReportCallsForIsRemovedUnlessSomethingDependsOnIt() {
    migrate(TestReports.pages());
    database.execute(
        "CREATE VIEW fathom_bi.pages_month AS SELECT 1 AS mine",
        "CREATE VIEW fathom_bi.pages AS SELECT 2 AS mine",
        "CREATE VIEW public.mine AS SELECT * FROM fathom_bi.pages_daily");
    Report pages = TestReports.pageviews("pages", DateGrouping.DAY, Field.HOSTNAME, Field.PATHNAME);

    sink.rename(Map.of("pages", "pages_daily"));
    assertThat(migrate(pages))
        .anySatisfy(
            n ->
                assertThat(n)
                    .contains("fathom_bi.\"pages_daily\" belongs to no report", "public.mine"));
    assertThat(exists("fathom_bi.pages_daily")).isTrue();
    assertThat(exists("fathom_bi.pages_daily_month")).isFalse();
    assertThat(columns("fathom_bi.pages")).isEqualTo("mine");

    database.execute("DROP VIEW public.mine", "DROP VIEW fathom_bi.pages, fathom_bi.pages_month");
    assertThat(migrate(pages)).isEmpty();
    assertThat(exists("fathom_bi.pages_daily")).isFalse();
    assertThat(columns("fathom_bi.pages")).contains("pathname");
  }

  @Test
  void whatUsersMadeIsLeftAlone() {
    database.execute(
        "CREATE VIEW fathom_bi.pages AS SELECT 1 AS mine",
        "CREATE VIEW fathom_bi.other AS SELECT 2 AS mine");
    Report pages = TestReports.pageviews("pages", DateGrouping.DAY, Field.PATHNAME);

    assertThat(migrate(pages))
        .singleElement()
        .asString()
        .contains("fathom_bi.\"pages\"", "did not make");
    assertThat(columns("fathom_bi.pages")).isEqualTo("mine");
    assertThat(columns("fathom_bi.other")).isEqualTo("mine");
    assertThat(exists("fathom_bi.pages_month")).isTrue();
  }

  @Test
  void twoPipelinesKeepEachOthersViews() {
    migrate(TestReports.traffic());
    migrate(TestReports.goals());
    migrate(TestReports.pages());
    assertThat(exists("fathom_bi.goals_daily")).isTrue();
    assertThat(exists("fathom_bi.pages_daily")).isTrue();
    assertThat(
            database.query(
                "SELECT count(*) FROM fathom_ops.bi_view WHERE view IN ('site_day', 'goals_daily',"
                    + " 'pages_daily')"))
        .containsExactly(List.of(3L));
    assertThat(
            database.query(
                "SELECT pg_get_viewdef('fathom_bi.goals_daily'::regclass) LIKE '%traffic_daily%'"))
        .as("the rate uses the other pipeline's visits")
        .containsExactly(List.of(true));
  }

  @Test
  void unchangedViewsAreNotTouched() {
    migrate(TestReports.traffic(), TestReports.pages());
    String versions = "SELECT view, digest, made_at::text FROM fathom_ops.bi_view ORDER BY view";
    List<?> before = database.query(versions);
    migrate(TestReports.traffic(), TestReports.pages());
    assertThat(database.query(versions)).isEqualTo(before).hasSizeGreaterThan(10);

    database.execute("DROP VIEW fathom_bi.site_week");
    migrate(TestReports.traffic());
    assertThat(exists("fathom_bi.site_week")).as("a dropped view comes again").isTrue();
  }

  @Test
  void aViewInUseIsReplacedByTheNextMigration() throws Exception {
    migrate(TestReports.goals());
    try (Connection reader = database.connect();
        Statement query = reader.createStatement()) {
      reader.setAutoCommit(false);
      query.executeQuery("SELECT * FROM fathom_bi.goals_daily");

      assertThat(migrate(TestReports.traffic()))
          .anySatisfy(
              n ->
                  assertThat(n)
                      .contains("goals_daily", "a query uses it")
                      .contains("`fathom-export migrate` replaces it", "as the role that owns it"));
      reader.rollback();
    }
    assertThat(migrate(TestReports.traffic())).isEmpty();
    assertThat(
            database.query(
                "SELECT pg_get_viewdef('fathom_bi.goals_daily'::regclass) LIKE '%traffic_daily%'"))
        .containsExactly(List.of(true));
  }

  @Test
  void everyShapeOfReportHasItsViews() {
    Filter blog = new Filter(Field.PATHNAME, Operator.IS_LIKE, "/blog*");
    for (DateGrouping grouping : DateGrouping.values()) {
      String by = grouping.apiName();
      assertThat(
              migrate(
                  TestReports.pageviews("total_" + by, grouping),
                  TestReports.pageviews("sources_" + by, grouping, Field.REFERRER_SOURCE),
                  new Report(
                      "blog_" + by,
                      Entity.PAGEVIEW,
                      null,
                      List.of(Aggregate.VISITS),
                      grouping,
                      List.of(),
                      List.of(blog)),
                  TestReports.goals("goals_" + by, grouping),
                  new Report(
                      "conversions_" + by,
                      Entity.EVENT,
                      TestReports.goals().events(),
                      List.of(Aggregate.CONVERSIONS),
                      grouping,
                      List.of(),
                      List.of())))
          .as(by)
          .isEmpty();
      for (String name : List.of("sources_", "blog_", "goals_", "conversions_")) {
        assertThat(database.query("SELECT * FROM fathom_bi." + name + by)).isEmpty();
      }
      assertThat(database.query("SELECT * FROM fathom_bi.sources_" + by + "_channel")).isEmpty();
    }
    // A second source of days: each site is taken from the first that has it.
    assertThat(migrate(TestReports.traffic())).isEmpty();
    sink.runEnded(() -> false);
    for (List<?> view :
        database.query(
            "SELECT view FROM fathom_ops.bi_view b WHERE to_regclass('fathom_bi.' || view) IS"
                + " NOT NULL")) {
      database.query("SELECT * FROM fathom_bi." + view.get(0));
    }
    assertThat(database.withoutComment("fathom_bi")).isEmpty();
  }

  @Test
  void aRunThatIsAskedToStopMeasuresNothing(@TempDir Path spill) {
    migrate(TestReports.traffic(), TestReports.pages());
    LocalDate day = LocalDate.of(2026, 3, 1);
    sink.commit(
        new LoadBuilder(
                TestReports.pages(), new Slice(new SiteId("S"), null), DayRange.of(day), spill)
            .row(day, "h", "/", 1, 2, 1.5)
            .build());
    String measured = "SELECT count(*) > 0 FROM fathom_ops.additivity";

    sink.runEnded(() -> true);
    assertThat(database.query(measured)).containsExactly(List.of(false));

    sink.runEnded(() -> false);
    assertThat(database.query(measured)).containsExactly(List.of(true));
  }

  /** One function that is not declared safe keeps every query of a view in one process. */
  @Test
  void parallelWorkersReadTheViewsOfRows() throws SQLException {
    migrate(TestReports.pages(), TestReports.goals());
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement()) {
      statement.execute("SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0");
      statement.execute("SET min_parallel_table_scan_size = 0");
      for (String view : List.of("pages_daily", "goals_daily", "additivity")) {
        assertThat(plan(statement, view)).as(view).contains("Workers Planned");
      }
      // They look up time zones, for which an error is caught: that is not allowed in parallel.
      for (String view : List.of("pages_daily_month", "goals_daily_month", "site_day")) {
        assertThat(plan(statement, view)).as(view).doesNotContain("Workers Planned");
      }
    }
  }

  private static String plan(Statement statement, String view) throws SQLException {
    try (ResultSet plan =
        statement.executeQuery(
            "EXPLAIN SELECT "
                + (view.equals("additivity") ? "direction" : "state")
                + ", count(*) FROM fathom_bi."
                + view
                + " GROUP BY 1")) {
      StringBuilder text = new StringBuilder();
      while (plan.next()) {
        text.append(plan.getString(1)).append('\n');
      }
      return text.toString();
    }
  }

  /** A filter on the month finds the rows by index, and asks the ledger which months there are. */
  @Test
  void aFilterOnTheMonthReachesTheRows() {
    migrate(TestReports.pages(), TestReports.goals());
    for (String report : List.of("pages_daily", "goals_daily")) {
      assertThat(plan("SELECT * FROM fathom_bi." + report + "_month WHERE month = '2026-05-01'"))
          .as(report)
          .containsPattern("Index Cond: \\(\\(site_id = .*date >= .*date < ")
          .contains("::date = '2026-05-01'::date)");
    }
  }

  /** A filter that waits above a window or a join reads three years to answer for a month. */
  @Test
  void aFilterOnTheDayReachesTheDaysOfTheCalendar() {
    migrate(TestReports.traffic());
    for (String view : List.of("site_day", "calendar")) {
      String plan =
          plan("SELECT * FROM fathom_bi." + view + " WHERE date >= '2026-05-01' OFFSET 0");
      assertThat(plan)
          .as(view)
          .containsPattern("Scan.* on ledger l\\n.*period >= '2026-05-01'::date");
      assertThat(plan).as(view).doesNotContain("WindowAgg");
    }
    assertThat(plan("SELECT date, pageviews FROM fathom_bi.site_day"))
        .as("the visits before are not looked up for a query that does not show them")
        .doesNotContain("- 7", "1 year'::interval)");
  }

  private static final String ENTRY =
      "INSERT INTO fathom_ops.ledger (report, site_id, event_name, period, period_end, covers_to,"
          + " status, stored, rows, store_if_absent, definition, zone, requests, control_requests,"
          + " splits, window_id, run_id, fetched_at) SELECT r.report, ";

  /** Returns the statement for ledger entries of a report by day. */
  private static String entries(String site, String first, String last, boolean stored) {
    return ENTRY
        + "'%s', '', d::date, d::date, d::date, '%s', %s, 1, false, r.definition, NULL, 1, 0, 0, 'w', 'r', now() FROM fathom_ops.report r, generate_series(timestamp '%s', '%s', '1 day') d WHERE r.report = 'traffic_daily'"
            .formatted(site, stored ? "certified" : "incomplete", stored, first, last);
  }

  /** What was never stored makes no calendar longer, and what lies between is never left out. */
  @Test
  void theCalendarGoesFromTheFirstStoredDayToYesterday() {
    migrate(TestReports.traffic());
    database.execute(
        entries("A", "2026-04-27", "2026-04-28", false),
        entries("A", "2026-04-29", "2026-04-30", true),
        entries("A", "2026-05-02", "2026-05-02", false),
        entries("A", "2026-05-03", "2026-05-03", true),
        entries("A", "2026-05-05", "2026-05-05", false),
        entries("A", "2026-05-08", "2026-05-08", false),
        entries("WHOLE", "2026-05-01", "2026-05-06", true),
        entries("AHEAD", "2026-05-05", "2026-05-08", true),
        entries("NOTHING", "2026-05-05", "2026-05-05", false),
        "INSERT INTO fathom_ops.attempt (report, site_id, event_name, period, period_end, covers_to,"
            + " reason, kept, window_id, run_id, at) VALUES ('traffic_daily', 'A', '', '2026-05-01',"
            + " '2026-05-01', '2026-05-01', 'timeout', false, 'w', 'r', now())");
    String days =
        "SELECT site_id || ' ' || string_agg(to_char(date, 'MMDD ') || state, ', ' ORDER BY date)"
            + " FROM fathom_bi.calendar %s GROUP BY site_id ORDER BY site_id";
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement()) {
      statement.execute("SET fathom.as_of = '2026-05-07 20:00+00'");
      assertThat(texts(statement, days.formatted("")))
          .containsExactly(
              "A 0429 complete, 0430 complete, 0501 incomplete, 0502 incomplete, 0503 complete,"
                  + " 0504 missing, 0505 incomplete, 0506 missing",
              "AHEAD 0505 complete, 0506 complete, 0507 complete, 0508 complete",
              "WHOLE 0501 complete, 0502 complete, 0503 complete, 0504 complete, 0505 complete,"
                  + " 0506 complete");
      assertThat(
              texts(statement, days.formatted("WHERE date BETWEEN '2026-05-04' AND '2026-05-05'")))
          .containsExactly(
              "A 0504 missing, 0505 incomplete",
              "AHEAD 0505 complete",
              "WHOLE 0504 complete, 0505 complete");
      assertThat(texts(statement, "SELECT DISTINCT zone FROM fathom_ops.calendar"))
          .as("no site's zone is known, so a day ends where it ends last")
          .containsExactly("Etc/GMT+12");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<String> texts(Statement statement, String sql) throws SQLException {
    List<String> texts = new ArrayList<>();
    try (ResultSet rows = statement.executeQuery(sql)) {
      while (rows.next()) {
        texts.add(rows.getString(1));
      }
    }
    return texts;
  }

  /** Returns the statement for sites S1, S2 and so on. */
  private static String sites(int number) {
    return "INSERT INTO fathom.site (site_id, name, time_zone, first_seen_at, last_seen_at) SELECT"
        + " 'S' || s, 'Site ' || s, 'Europe/Berlin', now(), now() FROM generate_series(1, %d) s"
            .formatted(number);
  }

  /**
   * Above a cost, PostgreSQL compiles a query. That takes seconds for these views, which answer
   * within a tenth of one.
   */
  @Test
  void whatIsReadQuicklyIsNotCompiled() {
    migrate(TestReports.traffic(), TestReports.pages());
    database.execute(
        sites(50),
        "INSERT INTO fathom.traffic_daily (site_id, date, visits, pageviews) SELECT s.site_id,"
            + " date '2024-06-01' + d, d % 100, d % 500 FROM fathom.site s, generate_series(0, 729)"
            + " d ORDER BY 1, 2",
        ENTRY
            + "t.site_id, '', t.date, t.date, t.date, 'certified', true, 500, false, r.definition,"
            + " 'Europe/Berlin', 1, 0, 0, 'w', 'r', now() FROM fathom.traffic_daily t,"
            + " fathom_ops.report r",
        // What the end of a run leaves of a large report; the rows themselves are not read.
        "INSERT INTO fathom_ops.month_sum (report, site_id, event_name, month, seen, groups) SELECT"
            + " report, site_id, event_name, month, 'hostname,pathname visits, pageviews ' || seen,"
            + " 40 FROM fathom_ops.stored_month WHERE report ="
            + " 'pages_daily'",
        "INSERT INTO fathom_ops.month_group (month_sum, n, fields, pageviews) SELECT h.id, n,"
            + " ARRAY['host', 'page ' || n], n FROM fathom_ops.month_sum h, generate_series(1, 40) n"
            + " ORDER BY 1, 2",
        "INSERT INTO fathom.pages_daily (site_id, date, hostname, pathname, visits, pageviews)"
            + " SELECT site_id, date, 'host', 'page ' || n, n, n FROM fathom.traffic_daily, generate_series(1,"
            + " 5) n ORDER BY 1, 2",
        "INSERT INTO fathom.milestone (site_id, milestone_id, date, name) SELECT site_id, 'm' || n,"
            + " date '2026-05-31' - n, 'note' FROM fathom.site, generate_series(1, 10) n",
        "ANALYZE");
    assertThat(
            database.query(
                "SELECT count(*) FROM fathom_bi.pages_daily_month WHERE month = '2026-05-01'"))
        .as("groups, from the sums")
        .containsExactly(List.of(50L * 40));
    for (String question :
        List.of(
            "site_month WHERE first_day = '2026-05-01'",
            "site_month WHERE site_id = 'S7'",
            "site_week",
            "site_quarter",
            "site_year",
            "site_day",
            "site_day WHERE date >= '2026-05-01'",
            "calendar",
            "freshness",
            "milestone",
            "pages_daily_month WHERE month = '2026-05-01'",
            "pages_daily_month WHERE site_id = 'S7'")) {
      assertThat(cost(question)).as(question).isLessThan(whereCompilingBegins());
    }
  }

  /** The count of days says that a site is behind; the state is that of the calendar. */
  @Test
  void freshnessHasTheStateOfTheNewestPeriodOfTheCalendar() {
    migrate(
        TestReports.traffic(),
        TestReports.pageviews("traffic_monthly", DateGrouping.MONTH),
        TestReports.pageviews("traffic_yearly", DateGrouping.YEAR),
        TestReports.pageviews("stale_monthly", DateGrouping.MONTH));
    for (String site : List.of("S", "GONE", "FAILED")) {
      database.execute(
          "INSERT INTO fathom.site (site_id, name, time_zone, first_seen_at, last_seen_at) VALUES"
              + " ('%s', '%s', 'UTC', '2026-01-01', '2026-11-21')".formatted(site, site),
          entries(site, "2026-11-01", "2026-11-20", true),
          entry("traffic_monthly", site, "", "2026-10-01", "2026-10-31", "2026-10-31"),
          entry("traffic_monthly", site, "", "2026-11-01", "2026-11-30", "2026-11-20"),
          entry("stale_monthly", site, "", "2026-11-01", "2026-11-30", "2026-11-20"),
          entry("traffic_yearly", site, "", "2026-01-01", "2026-12-31", "2026-11-20"));
    }
    database.execute(
        "UPDATE fathom_ops.ledger SET definition = 'another' WHERE report = 'stale_monthly'",
        "INSERT INTO fathom_ops.listing (pipeline, site_id, event_name, first_listed_at,"
            + " unlisted_at, last_day) VALUES ('all', 'GONE', '', '2026-01-01', '2026-11-22',"
            + " '2026-11-21')",
        "INSERT INTO fathom_ops.attempt (report, site_id, event_name, period, period_end, covers_to,"
            + " reason, kept, window_id, run_id, at) VALUES ('traffic_monthly', 'FAILED', '',"
            + " '2026-11-01', '2026-11-30', '2026-11-29', 'timeout', true, 'w', 'r', now())");
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement()) {
      List<String> states = new ArrayList<>();
      // In time, behind, behind by a month, and behind by a year.
      for (String now : List.of("2026-11-21", "2026-12-01", "2026-12-03", "2027-01-05")) {
        statement.execute("SET fathom.as_of = '" + now + " 20:00+00'");
        String query =
            "SELECT f.report || ' ' || f.site_id || ' ' || f.state%s FROM fathom_bi.freshness f ORDER BY 1";
        List<String> found = texts(statement, query.formatted(""));
        assertThat(found)
            .as(now)
            .isEqualTo(
                texts(
                    statement,
                    "SELECT DISTINCT ON (c.report, c.site_id) c.report || ' ' || c.site_id || ' '"
                        + " || c.state FROM fathom_bi.calendar c ORDER BY c.report, c.site_id,"
                        + " c.date DESC"));
        states.addAll(found);
      }
      assertThat(states)
          .hasSize(4 * 12)
          .contains(
              "traffic_yearly S provisional",
              "traffic_yearly GONE incomplete",
              "traffic_yearly S missing",
              "traffic_monthly S provisional",
              "traffic_monthly FAILED incomplete",
              "stale_monthly S stale",
              "traffic_daily S complete",
              "traffic_daily S missing");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Nobody visited, so there was no visitor: that needs no measurement of whether they add up. */
  @Test
  void aPeriodWithoutVisitsHasNoUniques() {
    migrate(TestReports.measuring("traffic_daily", List.of(Aggregate.VISITS, Aggregate.UNIQUES)));
    database.execute(
        ENTRY
            + "'S', '', d::date, d::date, d::date, 'certified', true, 0, false, r.definition, NULL, 1,"
            + " 0, 0, 'w', 'r', now() FROM fathom_ops.report r, generate_series(timestamp"
            + " '2025-01-01', '2025-12-31', '1 day') d");
    for (String unit : List.of("week", "month", "quarter", "year")) {
      assertThat(
              database.query(
                  "SELECT DISTINCT state, visits, uniques FROM fathom_bi.site_%s WHERE first_day >= '2025-01-01' AND last_day <= '2025-12-31'"
                      .formatted(unit)))
          .as(unit)
          .containsExactly(List.of("empty", 0L, 0L));
    }
  }

  /** What is not whole yet has sums of the measured days: none of them had a visitor. */
  @Test
  void aPeriodWithoutVisitsSoFarHasNoUniques() {
    migrate(TestReports.measuring("traffic_daily", List.of(Aggregate.VISITS, Aggregate.UNIQUES)));
    database.executeAsSuperuser(
        "ALTER DATABASE " + database.name() + " SET fathom.as_of = '2025-02-11 13:00+00'");
    database.execute(
        ENTRY
            + "'S', '', d::date, d::date, d::date, 'certified', true, 0, false, r.definition, NULL, 1,"
            + " 0, 0, 'w', 'r', now() FROM fathom_ops.report r, generate_series(timestamp"
            + " '2025-01-01', '2025-02-10', '1 day') d");
    String last =
        "SELECT state, complete_days, visits, uniques FROM fathom_bi.site_%s ORDER BY first_day DESC"
            + " LIMIT 1";
    assertThat(database.query(last.formatted("week")))
        .containsExactly(List.of("provisional", 1, 0L, 0L));
    for (String unit : List.of("quarter", "year")) {
      assertThat(database.query(last.formatted(unit)))
          .as(unit)
          .containsExactly(List.of("provisional", 41, 0L, 0L));
    }
    assertThat(database.query(last.formatted("month")))
        .containsExactly(List.of("provisional", 10, 0L, 0L));

    database.execute(
        "INSERT INTO fathom.traffic_daily (site_id, date, visits, uniques) VALUES ('S',"
            + " '2025-02-10', 0, 1)");
    assertThat(database.query(last.formatted("week")))
        .as("a visitor of a visit that began the day before")
        .containsExactly(Arrays.asList("provisional", 1, 0L, null));
    database.execute(
        "ALTER TABLE fathom.traffic_daily ALTER COLUMN uniques DROP NOT NULL",
        "UPDATE fathom.traffic_daily SET uniques = NULL");
    assertThat(database.query(last.formatted("week")))
        .as("stored without the measure")
        .containsExactly(Arrays.asList("provisional", 1, 0L, null));
  }

  /** The choice between reports reads the ledger once more, not for each report or day. */
  @Test
  void whatIsChosenFromTwoReportsIsNotCompiled() {
    migrate(TestReports.traffic());
    String entries =
        ENTRY
            + "t.site_id, '', t.date, t.date, t.date, 'certified', true, 500, false, r.definition,"
            + " 'Europe/Berlin', 1, 0, 0, 'w', 'r', now() FROM fathom.%s t, fathom_ops.report r"
            + " WHERE r.report = '%s'";
    database.execute(
        sites(50),
        "INSERT INTO fathom.traffic_daily (site_id, date, visits, pageviews) SELECT s.site_id,"
            + " date '2024-06-01' + d, d % 100, d % 500 FROM fathom.site s, generate_series(0, 729)"
            + " d ORDER BY 1, 2",
        entries.formatted("traffic_daily", "traffic_daily"),
        "INSERT INTO fathom.milestone (site_id, milestone_id, date, name) SELECT site_id, 'm' || n,"
            + " date '2026-05-31' - n, 'note' FROM fathom.site, generate_series(1, 10) n",
        "ANALYZE");
    String forEachSite =
        "fathom.site s CROSS JOIN LATERAL (SELECT sum(d.visits) FROM fathom_bi.site_day d WHERE"
            + " d.site_id = s.site_id) d";
    double costOfOne = costOfAll(forEachSite);

    migrate(TestReports.traffic(), TestReports.pageviews("board_daily", DateGrouping.DAY));
    database.execute(
        "INSERT INTO fathom.board_daily SELECT * FROM fathom.traffic_daily WHERE date >= '2026-05-10'",
        entries.formatted("board_daily", "board_daily"),
        "ANALYZE");
    assertThat(costOfAll(forEachSite)).isLessThan(2 * costOfOne);
    for (String question :
        List.of(
            "site_month WHERE first_day = '2026-05-01'",
            "site_month WHERE site_id = 'S7'",
            "site_week",
            "site_quarter",
            "site_year",
            "site_day",
            "site_day WHERE date >= '2026-05-01'",
            "milestone")) {
      assertThat(cost(question)).as(question).isLessThan(whereCompilingBegins());
    }
    assertThat(
            database.query(
                "SELECT report, count(*), min(first_day)::text, sum(visits)::bigint FROM"
                    + " fathom_bi.site_month WHERE site_id = 'S7' AND first_day < '2026-06-01' GROUP"
                    + " BY 1"))
        .containsExactly(List.of("traffic_daily", 24L, "2024-06-01", 35085L));
  }

  /**
   * The bounces of a row depend on what its definition measured, which is not looked up per row.
   */
  @Test
  void bouncesOfManyRowsAreNotCompiled() {
    migrate(
        TestReports.measuring(
            "pages_daily",
            List.of(Aggregate.VISITS, Aggregate.BOUNCE_RATE),
            Field.HOSTNAME,
            Field.PATHNAME));
    database.execute(
        "INSERT INTO fathom.pages_daily (site_id, date, hostname, pathname, visits, bounce_rate)"
            + " SELECT 'S' || s, date '2026-01-01' + d, 'host', 'page ' || n, 4, 50 FROM"
            + " generate_series(1, 10) s, generate_series(0, 99) d, generate_series(1, 60) n"
            + " ORDER BY 1, 2",
        ENTRY
            + "t.site_id, '', t.date, t.date, t.date, 'certified', true, 60, false, r.definition,"
            + " 'UTC', 1, 0, 0, 'w', 'r', now() FROM (SELECT DISTINCT site_id, date FROM"
            + " fathom.pages_daily) t, fathom_ops.report r",
        "ANALYZE");
    assertThat(cost("pages_daily")).isLessThan(whereCompilingBegins() / 4);
    assertThat(
            database.query(
                "SELECT 100.0 * sum(bounces) / sum(visits) FILTER (WHERE bounces IS NOT NULL) = 50"
                    + " FROM fathom_bi.pages_daily"))
        .isEqualTo(List.of(List.of(true)));
    assertThat(plan("SELECT sum(visits) FROM fathom_bi.pages_daily"))
        .as("without the bounces, their definitions are not read")
        .doesNotContain("report_definition");
  }

  /** Half a year of eight sites by hour: what a chart of the hours of a day is made of. */
  @Test
  void monthsOfHoursAreNotCompiled() {
    migrate(TestReports.pageviews("traffic_hourly", DateGrouping.HOUR));
    database.execute(
        sites(8),
        "INSERT INTO fathom.traffic_hourly (site_id, hour, visits, pageviews) SELECT s.site_id,"
            + " timestamp '2025-11-01' + h * interval '1 hour', h % 100, h % 500 FROM fathom.site s,"
            + " generate_series(0, 24 * 181 - 1) h ORDER BY 1, 2",
        ENTRY
            + "s.site_id, '', d::date, d::date, d::date, 'certified', true, 24, false, r.definition,"
            + " 'Europe/Berlin', 1, 0, 0, 'w', 'r', now() FROM fathom.site s, fathom_ops.report r,"
            + " generate_series(timestamp '2025-11-01', '2026-04-30', '1 day') d",
        "ANALYZE");
    for (String question :
        List.of(
            "site_hour",
            "site_hour WHERE hour >= '2026-03-01'",
            "site_hour WHERE site_id = 'S7'",
            "site_hour WHERE site_name = 'Site 7' AND hour BETWEEN '2026-03-01' AND '2026-03-31'")) {
      assertThat(cost(question)).as(question).isLessThan(whereCompilingBegins());
    }
    assertThat(plan("SELECT * FROM fathom_bi.site_hour WHERE site_id = 'S7'"))
        .as("a filter on the site reaches the days and the hours")
        .containsPattern("on ledger .*\\n(.*\\n)?.*site_id = 'S7'")
        .containsPattern("on traffic_hourly .*\\n(.*\\n)?.*site_id = 'S7'");
    assertThat(plan("SELECT * FROM fathom_bi.site_hour WHERE date >= '2026-04-24'"))
        .as("a filter on the day reaches the days, before their hours are made")
        .containsPattern("on ledger .*\\n(.*\\n)?.*period >= '2026-04-24'");
    assertThat(
            database.query(
                "SELECT count(*), min(hour)::text, max(hour)::text FROM fathom_bi.site_hour WHERE"
                    + " site_id = 'S7' AND date BETWEEN '2026-03-29' AND '2026-03-30'"))
        .isEqualTo(List.of(List.of(47L, "2026-03-29 00:00:00", "2026-03-30 23:00:00")));
    assertThat(
            database.query(
                "SELECT count(*), count(DISTINCT (site_id, hour_utc)), sum(pageviews)::bigint"
                    + " FROM fathom_bi.site_hour WHERE hour < '2026-05-01'"))
        .as("the hour that the spring change skips has no row")
        .isEqualTo(
            database.query(
                "SELECT 8 * (181 * 24 - 1)::bigint, 8 * (181 * 24 - 1)::bigint, sum(pageviews)::bigint"
                    + " FROM fathom.traffic_hourly WHERE hour <> '2026-03-29 02:00'"));
  }

  /** The function counts quarters of an hour on the server's clocks; here Java's say what comes. */
  @Test
  void theHoursOfADayAreThoseOnTheClocks() {
    migrate(TestReports.traffic());
    for (String zone :
        List.of(
            "Europe/Berlin",
            "America/New_York",
            "America/St_Johns",
            "Australia/Lord_Howe",
            "Asia/Kathmandu",
            "Pacific/Apia",
            "Antarctica/Troll",
            "Africa/Casablanca",
            "Etc/GMT+12")) {
      for (String first :
          List.of(
              "2011-12-28",
              "2025-03-06",
              "2025-03-28",
              "2025-04-03",
              "2025-10-03",
              "2025-10-24",
              "2025-10-31")) {
        LocalDate from = LocalDate.parse(first);
        List<List<String>> expected = new ArrayList<>();
        for (LocalDate day = from; day.isBefore(from.plusDays(5)); day = day.plusDays(1)) {
          expected.addAll(hoursOf(day, ZoneId.of(zone)));
        }
        assertThat(
                database.query(
                    "SELECT h.hour::text, extract(epoch FROM h.hour_utc)::bigint::text,"
                        + " h.is_repeated::text FROM generate_series(date '%s', date '%s' + 4, interval '1 day') d,"
                            .formatted(first, first)
                        + " fathom_ops.hours_of_day('"
                        + zone
                        + "', d::date) h ORDER BY h.hour"))
            .as(zone + " from " + first)
            .isEqualTo(expected);
      }
    }
  }

  private static List<List<String>> hoursOf(LocalDate day, ZoneId zone) {
    Map<LocalDateTime, List<Instant>> quarters = new TreeMap<>();
    Instant end = day.plusDays(2).atStartOfDay().toInstant(ZoneOffset.UTC);
    for (Instant at = day.minusDays(1).atStartOfDay().toInstant(ZoneOffset.UTC);
        at.isBefore(end);
        at = at.plus(Duration.ofMinutes(15))) {
      LocalDateTime hour = LocalDateTime.ofInstant(at, zone).truncatedTo(ChronoUnit.HOURS);
      if (hour.toLocalDate().equals(day)) {
        quarters.computeIfAbsent(hour, h -> new ArrayList<>()).add(at);
      }
    }
    List<List<String>> hours = new ArrayList<>();
    quarters.forEach(
        (hour, at) ->
            hours.add(
                List.of(
                    hour.format(DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT)),
                    String.valueOf(at.get(0).getEpochSecond()),
                    String.valueOf(at.size() > 4))));
    return hours;
  }

  /** Returns a ledger entry of a period of which a part was measured. */
  private static String entry(
      String report, String site, String event, String first, String last, String coversTo) {
    return ENTRY
        + "'%s', '%s', date '%s', date '%s', date '%s', 'certified', true, 1, false, r.definition, NULL, 1, 0, 0, 'w', 'r', now() FROM fathom_ops.report r WHERE r.report = '%s'"
            .formatted(site, event, first, last, coversTo, report);
  }

  /** Of what is not listed any more, nothing can make the last month whole. */
  @Test
  void theLastMonthOfWhatIsRetiredIsIncomplete() {
    Report monthlyPages =
        TestReports.pageviews("pages_monthly", DateGrouping.MONTH, Field.PATHNAME);
    migrate(
        TestReports.traffic(),
        TestReports.pages(),
        TestReports.goals(),
        monthlyPages,
        TestReports.pageviews("traffic_monthly", DateGrouping.MONTH));
    for (String site : List.of("GONE", "HERE")) {
      database.execute(
          "INSERT INTO fathom.site (site_id, name, time_zone, first_seen_at, last_seen_at) VALUES"
              + " ('%s', '%s', 'UTC', '2026-01-01', '2026-05-04')".formatted(site, site),
          "INSERT INTO fathom_ops.ledger (report, site_id, event_name, period, period_end, covers_to,"
              + " status, stored, rows, store_if_absent, definition, zone, requests,"
              + " control_requests, splits, window_id, run_id, fetched_at, pageviews_sum)"
              + " SELECT r.report, '%s', CASE r.entity WHEN 'event' THEN 'buy' ELSE '' END, d::date, d::date, d::date, 'certified', true, 1, false, r.definition, 'UTC', 1, 0, 0, 'w', 'r', now(), 1"
                  .formatted(site)
              + " FROM fathom_ops.report r, generate_series(timestamp '2026-04-01', '2026-05-03', '1"
              + " day') d WHERE r.date_grouping = 'day'",
          entry("traffic_monthly", site, "", "2026-04-01", "2026-04-30", "2026-04-30"),
          entry("traffic_monthly", site, "", "2026-05-01", "2026-05-31", "2026-05-03"),
          entry("pages_monthly", site, "", "2026-05-01", "2026-05-31", "2026-05-03"),
          "UPDATE fathom_ops.ledger SET pageviews_sum = 3 WHERE report = 'traffic_monthly' AND"
              + " period = '2026-05-01'",
          "INSERT INTO fathom.traffic_daily (site_id, date, visits, pageviews) SELECT '%s', d, 1, 1 FROM generate_series(date '2026-04-01', date '2026-05-03', interval '1 day') d"
              .formatted(site),
          "INSERT INTO fathom.pages_daily (site_id, date, hostname, pathname, visits, pageviews)"
              + " SELECT '%s', d, 'h', '/', 1, 1 FROM generate_series(date '2026-04-01', date '2026-05-03', interval '1 day') d"
                  .formatted(site),
          "INSERT INTO fathom.pages_monthly (site_id, date, pathname, visits, pageviews) VALUES"
              + " ('%s', '2026-05-01', '/', 3, 3)".formatted(site),
          "INSERT INTO fathom.traffic_monthly (site_id, date, visits, pageviews) VALUES"
              + " ('%s', '2026-05-01', 3, 3)".formatted(site),
          "INSERT INTO fathom.goals_daily (site_id, event_name, date, referrer_source, conversions,"
              + " unique_conversions, value) VALUES ('%s', 'buy', '2026-05-02', 'web', 1, 1, 0)"
                  .formatted(site));
    }
    database.execute(
        "INSERT INTO fathom_ops.listing (pipeline, site_id, event_name, first_listed_at,"
            + " unlisted_at, last_day) VALUES ('all', 'GONE', '', '2026-01-01', '2026-05-05',"
            + " '2026-05-03'), ('all', 'HERE', 'buy', '2026-01-01', '2026-05-05', '2026-05-03')");
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement()) {
      // In the month itself and long after it.
      for (String now : List.of("2026-05-04 12:00+00", "2027-02-02 12:00+00")) {
        statement.execute("SET fathom.as_of = '" + now + "'");
        for (String view : List.of("site_month", "site_quarter", "site_year", "site_week")) {
          assertThat(
                  texts(
                      statement,
                      "SELECT state FROM fathom_bi."
                          + view
                          + " WHERE site_id = 'GONE' AND last_day > '2026-05-03' AND first_day <="
                          + " '2026-05-03'"))
              .as(view)
              .isEqualTo(view.equals("site_week") ? List.of() : List.of("incomplete"));
        }
        for (String query :
            List.of(
                "pages_daily_month WHERE month = '2026-05-01' AND",
                "pages_monthly WHERE",
                "calendar WHERE report = 'traffic_monthly' AND date = '2026-05-01' AND",
                "freshness WHERE report = 'pages_monthly' AND",
                "goals_daily_month WHERE event_name = 'buy' AND")) {
          assertThat(texts(statement, "SELECT state FROM fathom_bi." + query + " site_id = 'GONE'"))
              .as(query)
              .containsExactly("incomplete");
        }
        assertThat(
                texts(
                    statement,
                    "SELECT state FROM fathom_bi.goals_daily_month WHERE site_id = 'HERE'"))
            .as("the event is retired, though its site is not")
            .containsExactly("incomplete");
        assertThat(
                texts(
                    statement,
                    "SELECT state FROM fathom_bi.site_month WHERE site_id = 'GONE' AND first_day ="
                        + " '2026-04-01'"))
            .containsExactly("complete");
        assertThat(
                texts(
                    statement,
                    "SELECT visits || ' ' || pageviews FROM fathom_bi.site_month WHERE site_id ="
                        + " 'GONE' AND first_day = '2026-05-01'"))
            .containsExactly("3 3");
      }
      statement.execute("SET fathom.as_of = '2026-05-04 12:00+00'");
      assertThat(
              texts(
                  statement,
                  "SELECT state FROM fathom_bi.site_month WHERE site_id = 'HERE' AND first_day ="
                      + " '2026-05-01' UNION ALL SELECT state FROM fathom_bi.pages_monthly WHERE"
                      + " site_id = 'HERE'"))
          .as("what is listed can still become whole")
          .containsExactly("provisional", "provisional");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Ranges overlap: nothing may invite to sum them, and one of them can be chosen. */
  @Test
  void rangesAreNotSummedAndTheNewestCanBeChosen() {
    Report goals = TestReports.goals("goals_ranges", DateGrouping.NONE);
    migrate(
        TestReports.pageviews("ranges", DateGrouping.NONE, Field.REFERRER_SOURCE),
        goals,
        TestReports.pages());
    String[][] ranges = {
      {"2026-05-01", "2026-05-07"}, {"2026-05-03", "2026-05-09"}, {"2026-05-05", "2026-05-09"}
    };
    for (String[] range : ranges) {
      database.execute(
          entry("ranges", "S", "", range[0], range[1], range[1]),
          "INSERT INTO fathom.ranges (site_id, date_from, date_to, referrer_source, visits,"
              + " pageviews) VALUES ('S', '%s', '%s', 'web', 1, 1), ('S', '%s', '%s', NULL, 1, 1)"
                  .formatted(range[0], range[1], range[0], range[1]));
    }
    for (String view : List.of("ranges", "ranges_channel")) {
      assertThat(
              database.query(
                  "SELECT DISTINCT date_from::text, date_to::text FROM fathom_bi."
                      + view
                      + " WHERE is_newest"))
          .as(view)
          .containsExactly(List.of("2026-05-03", "2026-05-09"));
      assertThat(columns("fathom_bi." + view)).as("at the end").endsWith(" is_newest");
    }
    assertThat(database.query("SELECT DISTINCT state FROM fathom_bi.ranges"))
        .containsExactly(List.of("complete"));
    for (String view :
        List.of("ranges", "ranges_channel", "goals_ranges", "goals_ranges_channel")) {
      assertThat(
              database.query(
                  "SELECT a.attname FROM pg_attribute a WHERE a.attrelid = 'fathom_bi.%s'::regclass AND a.attnum > 0 AND col_description(a.attrelid, a.attnum) ~ 'over days'"
                      .formatted(view)))
          .as(view)
          .isEmpty();
      assertThat(
              String.valueOf(
                  database
                      .query("SELECT obj_description('fathom_bi.%s'::regclass)".formatted(view))
                      .get(0)
                      .get(0)))
          .contains(
              "may overlap", "never sum", "is_newest", "date_grouping day", "fathom_ops.ledger");
    }
    assertThat(
            database.query(
                "SELECT DISTINCT report, adds_up_over_days FROM fathom_bi.metric WHERE name IN"
                    + " ('pageviews', 'conversions', 'value', 'visits') ORDER BY 1"))
        .containsExactly(
            List.of("goals_ranges", false), List.of("pages_daily", true), List.of("ranges", false));
  }

  /** Conversions of ten days are no rate of the visits of twenty. */
  @Test
  void aRateIsOfTheSameDays() {
    Report goals = TestReports.goals("goals_monthly", DateGrouping.MONTH);
    migrate(
        goals,
        TestReports.pageviews("traffic_monthly", DateGrouping.MONTH),
        TestReports.pageviews("sources_monthly", DateGrouping.MONTH, Field.REFERRER_SOURCE));
    database.execute(
        "INSERT INTO fathom.traffic_monthly (site_id, date, visits, pageviews) VALUES ('S',"
            + " '2026-05-01', 20, 20)",
        "INSERT INTO fathom.sources_monthly (site_id, date, referrer_source, visits, pageviews)"
            + " VALUES ('S', '2026-05-01', 'web', 10, 10)",
        "INSERT INTO fathom.goals_monthly (site_id, event_name, date, referrer_source, conversions,"
            + " unique_conversions, value) VALUES ('S', 'buy', '2026-05-01', 'web', 5, 5, 0)",
        entry("traffic_monthly", "S", "", "2026-05-01", "2026-05-31", "2026-05-20"),
        entry("sources_monthly", "S", "", "2026-05-01", "2026-05-31", "2026-05-20"),
        entry("goals_monthly", "S", "buy", "2026-05-01", "2026-05-31", "2026-05-10"));
    String rates = "SELECT conversion_rate, conversion_rate_of_group FROM fathom_bi.goals_monthly";
    assertThat(database.query(rates)).containsExactly(Arrays.asList(null, null));

    database.execute("UPDATE fathom_ops.ledger SET covers_to = '2026-05-20'");
    assertThat(database.query(rates)).containsExactly(List.of(0.25, 0.5));

    database.execute(
        "UPDATE fathom_ops.ledger SET zone = CASE report WHEN 'goals_monthly' THEN 'Asia/Tokyo'"
            + " ELSE 'UTC' END");
    assertThat(database.query(rates)).containsExactly(Arrays.asList(null, null));
  }

  private double cost(String question) {
    return costOfAll("fathom_bi." + question);
  }

  private double costOfAll(String from) {
    String first = String.valueOf(database.query("EXPLAIN SELECT * FROM " + from).get(0).get(0));
    return Double.parseDouble(first.replaceAll(".*cost=[0-9.]+\\.\\.([0-9.]+) .*", "$1"));
  }

  private double whereCompilingBegins() {
    return Double.parseDouble(String.valueOf(database.query("SHOW jit_above_cost").get(0).get(0)));
  }

  private String plan(String sql) {
    return database.query("EXPLAIN (COSTS off) " + sql).stream()
        .map(row -> String.valueOf(row.get(0)))
        .collect(Collectors.joining("\n"));
  }
}
