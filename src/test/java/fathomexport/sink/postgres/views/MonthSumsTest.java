package fathomexport.sink.postgres.views;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.Entity;
import fathomexport.report.EventSelection;
import fathomexport.report.Field;
import fathomexport.report.Report;
import fathomexport.sink.postgres.PostgresSink;
import fathomexport.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The stored sums of months answer what the rows answer, and only while they do. */
class MonthSumsTest {
  private static final String PAGES = "SELECT * FROM fathom_bi.pages_month";
  private static final String GOALS = "SELECT * FROM fathom_bi.goals_month";

  private TestDatabase database;
  private PostgresSink sink;

  @BeforeEach
  void open() {
    database = TestDatabase.migrated();
    sink = database.sink();
    sink.migrate(List.of(pages(Aggregate.VISITS, Aggregate.BOUNCE_RATE), goals()));
    database.execute(
        "INSERT INTO fathom.pages (site_id, date, hostname, pathname, visits, bounce_rate)"
            + " SELECT s, date '2026-04-29' + d, h, p, d * length(s), CASE WHEN d > 0 THEN 50 END"
            + " FROM (VALUES ('A'), ('BB')) s (s), generate_series(0, 4) d,"
            + " (VALUES (NULL), (''), ('(none)'), ('\"(none)\"'), ('ü')) h (h),"
            + " (VALUES ('/'), (NULL), ('(x')) p (p)",
        "INSERT INTO fathom.goals (site_id, event_name, date, conversions, unique_conversions,"
            + " value) SELECT 'A', e, date '2026-04-29' + d, 1 + d, 1, 100 * d"
            + " FROM (VALUES ('buy'), ('sign up')) e (e), generate_series(0, 4) d",
        ledger("pages", "SELECT DISTINCT site_id, '' AS event_name, date FROM fathom.pages"),
        ledger("goals", "SELECT site_id, event_name, date FROM fathom.goals"));
  }

  @AfterEach
  void close() {
    sink.close();
    database.close();
  }

  private static Report pages(Aggregate... aggregates) {
    return new Report(
        "pages",
        Entity.PAGEVIEW,
        null,
        List.of(aggregates),
        DateGrouping.DAY,
        List.of(Field.HOSTNAME, Field.PATHNAME),
        List.of());
  }

  private static Report goals() {
    return new Report(
        "goals",
        Entity.EVENT,
        new EventSelection.All(),
        List.of(Aggregate.CONVERSIONS, Aggregate.UNIQUE_CONVERSIONS, Aggregate.VALUE),
        DateGrouping.DAY,
        List.of(),
        List.of());
  }

  private static String ledger(String report, String periods) {
    return """
        INSERT INTO fathom_ops.ledger
          (report, site_id, event_name, period, period_end, covers_to, status, stored, rows, store_if_absent, definition,
           requests, control_requests, splits, window_id, run_id, fetched_at)
        SELECT r.report, p.site_id, p.event_name, p.date, p.date, p.date, 'certified', true, 15, false, r.definition,
               1, 0, 0, 'w', 'r', now()
          FROM fathom_ops.report r, (%s) p
         WHERE r.report = '%s'\
        """
        .formatted(periods, report);
  }

  /** A month of such a report is a list of its groups, which no sum makes shorter. */
  @Test
  void aReportWithoutAnythingToSumUpHasItsGroupsByMonth() throws SQLException {
    sink.migrate(
        List.of(
            new Report(
                "times",
                Entity.PAGEVIEW,
                null,
                List.of(Aggregate.AVG_DURATION),
                DateGrouping.DAY,
                List.of(Field.BROWSER),
                List.of())));
    database.execute(
        "INSERT INTO fathom.times (site_id, date, browser, avg_duration)"
            + " VALUES ('A', '2026-05-01', 'Firefox', 2.5), ('A', '2026-05-02', 'Firefox', 3.5)",
        ledger("times", "SELECT DISTINCT site_id, '' AS event_name, date FROM fathom.times"));
    update(0);
    assertThat(database.query("SELECT site_id, month::text, browser FROM fathom_bi.times_month"))
        .containsExactly(List.of("A", "2026-05-01", "Firefox"));
    assertThat(count("fathom_ops.month_sum WHERE report = 'times'")).isZero();
  }

  private void update(int leastRows) throws SQLException {
    try (Connection connection = database.connect()) {
      new MonthSums(connection, leastRows).update(() -> false);
    }
  }

  private long count(String what) {
    return ((Number) database.query("SELECT count(*) FROM " + what).get(0).get(0)).longValue();
  }

  /** Returns the rows of a view, in an order of their own. */
  private List<String> rows(String sql) {
    return database.query(sql).stream().map(List<@Nullable Object>::toString).sorted().toList();
  }

  @Test
  void theViewsAnswerTheSameFromSums() throws SQLException {
    List<String> pages = rows(PAGES);
    List<String> goals = rows(GOALS);
    assertThat(pages).hasSize(2 * 2 * 15);
    assertThat(goals).hasSize(2 * 2);

    update(1);

    assertThat(count("fathom_ops.month_sum")).isEqualTo(8);
    assertThat(count("fathom_ops.month_group")).isEqualTo(64);
    assertThat(rows(PAGES)).isEqualTo(pages);
    assertThat(rows(GOALS)).isEqualTo(goals);
    database.execute("UPDATE fathom_ops.month_group SET visits = 7, value_cents = 7");
    assertThat(rows("SELECT DISTINCT visits FROM fathom_bi.pages_month")).containsExactly("[7]");
    assertThat(rows("SELECT DISTINCT value_cents FROM fathom_bi.goals_month"))
        .as("the views do read the sums")
        .containsExactly("[7]");
  }

  @Test
  void sumsOfAnEarlierStateAreNotShown() throws SQLException {
    update(1);
    database.execute(
        "UPDATE fathom_ops.month_group SET visits = -1",
        "UPDATE fathom.pages SET visits = visits + 1 WHERE site_id = 'A' AND date = '2026-05-02'",
        "UPDATE fathom_ops.ledger SET committed_at = clock_timestamp() WHERE report = 'pages' AND"
            + " site_id = 'A' AND period = '2026-05-02'");

    String visits =
        "SELECT site_id, month::text, sum(visits) FROM fathom_bi.pages_month GROUP BY 1, 2";
    assertThat(rows(visits))
        .containsExactly(
            "[A, 2026-04-01, -15]",
            "[A, 2026-05-01, 150]",
            "[BB, 2026-04-01, -15]",
            "[BB, 2026-05-01, -15]");

    update(1);
    assertThat(count("fathom_ops.month_sum")).as("one per month").isEqualTo(8);
    assertThat(rows(visits)).contains("[A, 2026-05-01, 150]");
    assertThat(
            database.query(
                "SELECT count(*) FROM fathom_ops.month_group g JOIN fathom_ops.month_sum h ON h.id ="
                    + " g.month_sum WHERE h.report = 'pages' AND g.visits >= 0"))
        .as("only the month that has changed is summed up again")
        .containsExactly(List.of(15L));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "TRUNCATE fathom_ops.month_sum CASCADE",
        "TRUNCATE fathom_ops.month_group",
        "DELETE FROM fathom_ops.month_sum"
      })
  void sumsMayBeEmptied(String emptied) throws SQLException {
    List<String> pages = rows(PAGES);
    update(1);
    database.execute(emptied);
    assertThat(rows(PAGES)).isEqualTo(pages);

    update(1);
    assertThat(count("fathom_ops.month_sum")).isEqualTo(8);
    assertThat(count("fathom_ops.month_group")).isEqualTo(64);
    assertThat(rows(PAGES)).isEqualTo(pages);
  }

  /** Sums from before a column was dropped are not those of the rows that lost it. */
  @Test
  void aDroppedColumnThatComesBackHasNoSumsOfBefore() throws SQLException {
    update(1);
    database.execute("DROP VIEW fathom_bi.pages, fathom_bi.pages_month");
    database.execute("ALTER TABLE fathom.pages DROP COLUMN visits");
    sink.migrate(List.of(pages(Aggregate.VISITS, Aggregate.BOUNCE_RATE), goals()));

    assertThat(rows("SELECT DISTINCT visits, bounces, state FROM fathom_bi.pages_month"))
        .containsExactly("[null, null, stale]");
  }

  @Test
  void anotherMeasureIsSummedUp() throws SQLException {
    update(1);
    sink.migrate(
        List.of(pages(Aggregate.VISITS, Aggregate.BOUNCE_RATE, Aggregate.PAGEVIEWS), goals()));
    database.execute("UPDATE fathom.pages SET pageviews = 2 * visits");
    assertThat(rows("SELECT count(pageviews) FROM fathom_bi.pages_month"))
        .as("the ledger says that they were stored without it")
        .containsExactly("[0]");
    database.execute(
        "UPDATE fathom_ops.ledger l SET definition = r.definition FROM fathom_ops.report r WHERE"
            + " r.report = l.report");

    assertThat(rows("SELECT DISTINCT pageviews = 2 * visits FROM fathom_bi.pages_month"))
        .containsExactly("[true]");
    update(1);
    assertThat(rows("SELECT DISTINCT pageviews = 2 * visits FROM fathom_bi.pages_month"))
        .containsExactly("[true]");
  }

  @Test
  void whatIsRemovedHasNoSums() throws SQLException {
    update(1);
    database.execute(
        "DELETE FROM fathom.pages WHERE date < '2026-05-01'",
        "DELETE FROM fathom_ops.ledger WHERE report = 'pages' AND period < '2026-05-01'");

    assertThat(rows("SELECT DISTINCT month::text FROM fathom_bi.pages_month"))
        .containsExactly("[2026-05-01]");
    update(1);
    assertThat(count("fathom_ops.month_sum WHERE report = 'pages'")).isEqualTo(2);
    assertThat(count("fathom_ops.month_group WHERE visits IS NOT NULL")).isEqualTo(30);
  }

  /** A run that is asked to stop has seconds. */
  @Test
  void theNextRunDoesWhatAStopLeaves() throws SQLException {
    List<String> pages = rows(PAGES);
    AtomicInteger asked = new AtomicInteger();
    try (Connection connection = database.connect()) {
      new MonthSums(connection, 1).update(() -> asked.incrementAndGet() > 3);
    }
    assertThat(count("fathom_ops.month_sum")).isEqualTo(3);
    assertThat(rows(PAGES)).isEqualTo(pages);

    update(1);
    assertThat(count("fathom_ops.month_sum")).isEqualTo(8);
    assertThat(rows(PAGES)).isEqualTo(pages);
  }

  @Test
  void monthsWithFewRowsHaveNone() throws SQLException {
    update(31);
    assertThat(count("fathom_ops.month_sum"))
        .as("April has two days of 15 rows each, May three")
        .isEqualTo(2 + 2);
  }
}
