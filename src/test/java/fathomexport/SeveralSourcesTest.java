package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.truth.Truth;
import fathomexport.simulator.truth.TruthQuery;
import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.World;
import fathomexport.testing.DashboardData;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import fathomexport.testing.TwoSites;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.temporal.TemporalAdjusters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Sites of which several reports have the same numbers: one of a few days beside a long one, one
 * that has replaced another in the middle of a month, and one that has the days that another lacks.
 * Whatever the views and the page take, it is what the visits say, and each site has one row of
 * each period.
 */
class SeveralSourcesTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 9, 1);
  private static final LocalDate LAST = LocalDate.of(2025, 12, 14);
  private static final Instant NOW = Instant.parse("2025-12-15T14:00:00Z");
  private static final LocalDate REPLACED = LocalDate.of(2025, 10, 13);
  private static final LocalDate LAST_OF_NEW_YORK = LocalDate.of(2025, 12, 12);
  private static final String BERLIN = "BERLIN";
  private static final String NEW_YORK = "NYC";
  private static final String EVENT = "purchase";

  /** Days between the first and the last one of the report of their month that only another has. */
  private static final Map<String, List<LocalDate>> LENT =
      Map.of(
          BERLIN, List.of(LocalDate.of(2025, 11, 13)),
          NEW_YORK, List.of(LocalDate.of(2025, 11, 6), LocalDate.of(2025, 11, 7)));

  @TempDir static Path directory;
  private static TestDatabase database;
  private static FathomSimulator api;
  private static Installation installation;
  private static Truth truth;

  private static World world() {
    return new TwoSites(BERLIN, NEW_YORK, EVENT, "/", 5)
        .world(
            FIRST,
            LAST,
            (view, n) -> n == 1 ? view.with(Dimension.REFERRER_SOURCE, "Google") : view);
  }

  @BeforeAll
  static void export() throws IOException {
    World world = world();
    truth = new Truth(world, Behaviour.unlimited());
    database = TestDatabase.migrated();
    api = FathomSimulator.start(world, Behaviour.unlimited());
    installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
            .pipeline(
                "long",
                List.of(
                    Question.pageviews("traffic_daily", "day"),
                    Question.pageviews("pages_daily", "day", "hostname", "pathname"),
                    Question.pageviews("sources_daily", "day", "referrer_source")))
            .pipeline("goals", List.of(Question.events("goals_daily", "day", "referrer_source")))
            .pipeline("months", List.of(Question.pageviews("traffic_monthly", "month")))
            .pipeline("hours", List.of(Question.pageviews("traffic_hourly", "hour")))
            .pipeline(
                "board",
                List.of(
                    Question.pageviews("board_daily", "day"),
                    Question.pageviews("board_pages", "day", "pathname"),
                    Question.pageviews("board_sources", "day", "referrer_source"),
                    Question.events("board_goals", "day")))
            .pipeline("board_months", List.of(Question.pageviews("board_monthly", "month")))
            .pipeline("board_hours", List.of(Question.pageviews("board_hourly", "hour")))
            .pipeline("new", List.of(Question.pageviews("fresh_daily", "day")));
    database.executeAsSuperuser(
        "ALTER DATABASE " + database.name() + " SET fathom.as_of = '" + NOW + "'");
    for (String[] stored :
        new String[][] {
          // Nothing of Berlin's October is stored, by no report.
          {"long", BERLIN, "2025-09-01", "2025-09-30"},
          {"long", BERLIN, "2025-11-01", "2025-11-12"},
          {"long", BERLIN, "2025-11-14", "2025-12-14"},
          {"goals", BERLIN, "2025-09-01", "2025-09-30"},
          {"goals", BERLIN, "2025-11-01", "2025-12-14"},
          {"long", NEW_YORK, "2025-09-01", "2025-10-12"},
          {"new", NEW_YORK, "2025-10-13", "2025-11-05"},
          {"new", NEW_YORK, "2025-11-08", "2025-12-12"},
          {"board", NEW_YORK, "2025-11-06", "2025-11-07"},
          {"board", "", "2025-11-10", "2025-11-19"},
          {"months", "", "2025-09-01", "2025-12-14"},
          {"board_months", "", "2025-11-01", "2025-11-30"},
          {"hours", BERLIN, "2025-11-01", "2025-11-10"},
          {"hours", BERLIN, "2025-11-12", "2025-11-20"},
          {"board_hours", BERLIN, "2025-11-10", "2025-11-12"},
        }) {
      List<String> arguments = new ArrayList<>(List.of("backfill", stored[0]));
      if (!stored[1].isEmpty()) {
        arguments.addAll(List.of("--site", stored[1]));
      }
      arguments.addAll(List.of("--from", stored[2], "--to", stored[3]));
      Installation.Ended ended = installation.run(arguments.toArray(String[]::new));
      assertThat(ended.code()).as(ended.said()).isZero();
    }
  }

  @AfterAll
  static void close() {
    api.close();
    database.close();
  }

  private static boolean stored(String site, LocalDate day) {
    return !day.isBefore(FIRST)
        && !day.isAfter(LAST)
        && (site.equals(NEW_YORK) ? !day.isAfter(LAST_OF_NEW_YORK) : day.getMonthValue() != 10);
  }

  /**
   * Returns the report that a day is taken from: the one that has most days of the month, if it has
   * this one. Of what follows the last day of all, the first that has begun.
   */
  private static String source(String site, LocalDate day) {
    if (LENT.getOrDefault(site, List.of()).contains(day)
        || (day.isAfter(LAST_OF_NEW_YORK) && site.equals(NEW_YORK))) {
      return "board_daily";
    }
    return site.equals(NEW_YORK) && !day.isBefore(REPLACED) ? "fresh_daily" : "traffic_daily";
  }

  private static @Nullable Long measure(String site, LocalDate day, String measure) {
    if (!stored(site, day)) {
      return null;
    }
    List<Map<String, @Nullable Object>> rows = truth.rows(TruthQuery.pageviews(site, day, day));
    return rows.get(0).get(measure) instanceof Number n ? Long.valueOf(n.longValue()) : 0;
  }

  private static List<LocalDate> days() {
    return FIRST.datesUntil(LAST.plusDays(1)).toList();
  }

  private static List<String> texts(String sql) {
    return database.query(sql).stream()
        .map(row -> row.stream().map(String::valueOf).collect(Collectors.joining("|")))
        .toList();
  }

  private static String text(@Nullable Object... cells) {
    return Arrays.stream(cells).map(String::valueOf).collect(Collectors.joining("|"));
  }

  // --- Views

  @Test
  void everyViewHasOneRowPerGrain() {
    Map<String, String> grain =
        Map.of(
            "site_day",
            "date",
            "site_hour",
            "hour",
            "site_week",
            "first_day",
            "site_month",
            "first_day",
            "site_quarter",
            "first_day",
            "site_year",
            "first_day",
            "goals_daily",
            "event_name, date, referrer_source",
            "goals_daily_month",
            "event_name, month, referrer_source");
    grain.forEach(
        (view, time) ->
            assertThat(
                    database.query(
                        "SELECT site_id, %s, count(*) FROM fathom_bi.%s GROUP BY site_id, %s HAVING count(*) > 1"
                            .formatted(time, view, time)))
                .as(view)
                .isEmpty());
  }

  @Test
  void everyDayIsWhatItsVisitsSayWhicheverReportHasIt() {
    List<String> wanted = new ArrayList<>();
    for (String site : List.of(BERLIN, NEW_YORK)) {
      for (LocalDate day : days()) {
        Long visits = measure(site, day, "visits");
        String state = visits == null ? "missing" : visits == 0 ? "empty" : "complete";
        LocalDate yearBefore = day.minusYears(1);
        wanted.add(
            text(
                site,
                day,
                state,
                visits,
                measure(site, day, "uniques"),
                measure(site, day, "pageviews"),
                measure(site, day.minusDays(7), "visits"),
                measure(site, yearBefore, "visits"),
                source(site, day)));
      }
    }
    assertThat(
            texts(
                "SELECT site_id, date, state, visits, uniques, pageviews, visits_week_before,"
                    + " visits_year_before, report FROM fathom_bi.site_day ORDER BY site_id, date"))
        .isEqualTo(wanted);
    assertThat(
            texts(
                "SELECT DISTINCT site_id, date, state FROM fathom_bi.site_day WHERE date ="
                    + " '2025-10-02'"))
        .as("a filter finds the same rows")
        .containsExactlyInAnyOrder("BERLIN|2025-10-02|missing", "NYC|2025-10-02|complete");
  }

  private static Map<String, UnaryOperator<LocalDate>> units() {
    return Map.of(
        "week", day -> day.with(TemporalAdjusters.previousOrSame(DayOfWeek.MONDAY)),
        "month", day -> day.withDayOfMonth(1),
        "quarter", day -> day.withDayOfMonth(1).withMonth((day.getMonthValue() - 1) / 3 * 3 + 1),
        "year", day -> day.withDayOfYear(1));
  }

  /**
   * Returns a row for each period of each site, made from the site and the days of the period.
   *
   * @param firstDay returns the first day of a day's period
   */
  private static List<String> ofPeriods(
      UnaryOperator<LocalDate> firstDay, BiFunction<String, List<LocalDate>, String> row) {
    List<String> rows = new ArrayList<>();
    for (String site : List.of(BERLIN, NEW_YORK)) {
      for (LocalDate first : days().stream().map(firstDay).distinct().toList()) {
        rows.add(
            row.apply(site, days().stream().filter(d -> firstDay.apply(d).equals(first)).toList()));
      }
    }
    return rows;
  }

  private static List<LocalDate> stored(String site, List<LocalDate> days) {
    return days.stream().filter(day -> stored(site, day)).toList();
  }

  @Test
  void everyPeriodIsTheSumOfItsDays() {
    units()
        .forEach(
            (unit, firstDay) -> {
              List<String> wanted =
                  ofPeriods(
                      firstDay,
                      (site, all) -> {
                        List<LocalDate> own = stored(site, all);
                        return text(
                            site,
                            firstDay.apply(all.get(0)),
                            own.size(),
                            own.isEmpty() ? null : sum(site, own, "visits"),
                            own.isEmpty() ? null : sum(site, own, "pageviews"));
                      });
              assertThat(
                      texts(
                          "SELECT site_id, first_day, complete_days, visits, pageviews FROM fathom_bi.site_%s ORDER BY site_id, first_day"
                              .formatted(unit)))
                  .as(unit)
                  .isEqualTo(wanted);
            });
    assertThat(
            texts(
                "SELECT first_day, state, report FROM fathom_bi.site_month WHERE site_id = 'NYC'"
                    + " ORDER BY first_day"))
        .containsExactly(
            "2025-09-01|complete|traffic_daily",
            "2025-10-01|complete|fresh_daily, traffic_daily",
            "2025-11-01|complete|board_daily, fresh_daily",
            "2025-12-01|incomplete|fresh_daily");
  }

  /** A report whose days in a period are all missing is not where its numbers come from. */
  @Test
  void aPeriodNamesTheReportsThatHaveStoredDaysOfIt() {
    units()
        .forEach(
            (unit, firstDay) -> {
              List<String> wanted =
                  ofPeriods(
                      firstDay,
                      (site, all) -> {
                        List<LocalDate> own = stored(site, all);
                        return text(
                            site,
                            firstDay.apply(all.get(0)),
                            (own.isEmpty() ? all : own)
                                .stream()
                                    .map(d -> source(site, d))
                                    .distinct()
                                    .sorted()
                                    .collect(Collectors.joining(", ")));
                      });
              assertThat(
                      texts(
                          "SELECT site_id, first_day, report FROM fathom_bi.site_%s ORDER BY site_id, first_day"
                              .formatted(unit)))
                  .as(unit)
                  .isEqualTo(wanted);
            });
  }

  private static long sum(String site, List<LocalDate> days, String measure) {
    return days.stream()
        .mapToLong(
            day -> {
              Long value = measure(site, day, measure);
              return value == null ? 0 : value;
            })
        .sum();
  }

  /** The months of a report on whole months are chosen one by one, too. */
  @Test
  void everyMonthHasTheUniquesOfTheWhole() {
    List<String> wanted = new ArrayList<>();
    for (int month = 9; month <= 11; month++) {
      LocalDate first = LocalDate.of(2025, month, 1);
      for (String site : List.of(BERLIN, NEW_YORK)) {
        if (stored(site, first)) {
          Object uniques =
              truth
                  .rows(TruthQuery.pageviews(site, first, first.plusMonths(1).minusDays(1)))
                  .get(0)
                  .get("uniques");
          wanted.add(text(first, site, uniques));
        }
      }
    }
    assertThat(
            texts(
                "SELECT first_day, site_id, uniques FROM fathom_bi.site_month WHERE first_day <"
                    + " '2025-12-01' AND uniques IS NOT NULL ORDER BY first_day, site_id"))
        .isEqualTo(wanted);
  }

  @Test
  void everyHourIsWhatItsVisitsSay() {
    LocalDate from = LocalDate.of(2025, 11, 1);
    LocalDate to = LocalDate.of(2025, 11, 20);
    List<String> wanted =
        truth.rows(TruthQuery.pageviews(BERLIN, from, to).by("hour")).stream()
            .map(
                row ->
                    text(
                        row.get("date") instanceof LocalDateTime hour ? hour : null,
                        row.get("visits"),
                        row.get("pageviews")))
            .sorted()
            .toList();
    assertThat(
            texts(
                "SELECT to_char(hour, 'YYYY-MM-DD\"T\"HH24:MI'), visits, pageviews FROM"
                    + " fathom_bi.site_hour WHERE site_id = 'BERLIN' AND pageviews > 0 ORDER BY 1"))
        .isEqualTo(wanted);
    assertThat(
            texts(
                "SELECT count(*), count(DISTINCT hour), count(visits) FROM fathom_bi.site_hour"
                    + " WHERE site_id = 'BERLIN' AND date BETWEEN '2025-11-01' AND '2025-11-20'"))
        .containsExactly("480|480|480");
    assertThat(
            texts(
                "SELECT DISTINCT date, report FROM fathom_bi.site_hour WHERE site_id = 'BERLIN' AND"
                    + " date BETWEEN '2025-11-10' AND '2025-11-12' ORDER BY 1"))
        .containsExactly(
            "2025-11-10|traffic_hourly", "2025-11-11|board_hourly", "2025-11-12|traffic_hourly");
  }

  @Test
  void ratesOfOlderRowsAreKnown() {
    List<String> wanted = new ArrayList<>();
    for (LocalDate day : days()) {
      if (stored(BERLIN, day)) {
        for (Map<String, @Nullable Object> row :
            truth.rows(TruthQuery.event(BERLIN, EVENT, day, day).fields("referrer_source"))) {
          List<Map<String, @Nullable Object>> group =
              truth.rows(TruthQuery.pageviews(BERLIN, day, day).fields("referrer_source")).stream()
                  .filter(r -> "Google".equals(r.get("referrer_source")))
                  .toList();
          double unique = count(row, "unique_conversions");
          wanted.add(
              text(
                  day,
                  row.get("referrer_source"),
                  rounded(
                      unique
                          / count(
                              truth.rows(TruthQuery.pageviews(BERLIN, day, day)).get(0), "visits")),
                  rounded(unique / count(group.get(0), "visits"))));
        }
      }
    }
    assertThat(wanted).hasSizeGreaterThan(50);
    assertThat(
            database
                .query(
                    "SELECT date, referrer_source, conversion_rate, conversion_rate_of_group FROM"
                        + " fathom_bi.goals_daily WHERE site_id = 'BERLIN' ORDER BY date")
                .stream()
                .map(r -> text(r.get(0), r.get(1), rounded(r.get(2)), rounded(r.get(3))))
                .toList())
        .isEqualTo(wanted);
    assertThat(
            database.query(
                "SELECT site_id, date FROM fathom_bi.pages_daily GROUP BY 1, 2 HAVING"
                    + " abs(sum(share_of_pageviews) - 1) > 1e-9"))
        .isEmpty();
  }

  private static long count(Map<String, @Nullable Object> row, String measure) {
    return row.get(measure) instanceof Number n ? n.longValue() : 0;
  }

  private static @Nullable String rounded(@Nullable Object number) {
    return number == null
        ? null
        : String.format(Locale.ROOT, "%.9f", Double.valueOf(number.toString()));
  }

  // --- The same choice elsewhere

  private static String done(String... arguments) {
    Installation.Ended ended = installation.run(arguments);
    assertThat(ended.code()).as(ended.said()).isZero();
    return ended.out();
  }

  @Test
  void duckDbChoosesTheSame() throws SQLException {
    try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duck.createStatement()) {
      statement.execute(done("describe", "--format", "duckdb"));
      statement.execute("SET VARIABLE fathom_as_of = '" + NOW + "'");
      for (String query :
          List.of(
              "SELECT site_id, date, state, visits, uniques, pageviews, bounces,"
                  + " visits_week_before, report FROM fathom_bi.site_day ORDER BY 1, 2",
              "SELECT site_id, date, count(*), sum(visits)::bigint, min(report), max(report) FROM"
                  + " fathom_bi.site_hour GROUP BY 1, 2 ORDER BY 1, 2",
              "SELECT site_id, first_day, state, visits, uniques, pageviews, bounces,"
                  + " visits_period_before, report FROM fathom_bi.site_week ORDER BY 1, 2",
              "SELECT site_id, first_day, state, visits, uniques, pageviews, bounces,"
                  + " uniques_period_before, report FROM fathom_bi.site_month ORDER BY 1, 2",
              "SELECT site_id, first_day, state, visits, uniques, pageviews, bounces,"
                  + " report FROM fathom_bi.site_quarter ORDER BY 1, 2",
              "SELECT site_id, first_day, state, visits, uniques, pageviews, bounces,"
                  + " report FROM fathom_bi.site_year ORDER BY 1, 2",
              "SELECT site_id, date, event_name, referrer_source, round(conversion_rate *"
                  + " 1000000)::bigint, round(conversion_rate_of_group * 1000000)::bigint FROM"
                  + " fathom_bi.goals_daily ORDER BY 1, 2, 3, 4")) {
        List<String> found = new ArrayList<>();
        try (ResultSet rows = statement.executeQuery(query)) {
          while (rows.next()) {
            List<@Nullable Object> cells = new ArrayList<>();
            for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
              cells.add(rows.getString(i));
            }
            found.add(text(cells.toArray()));
          }
        }
        assertThat(found).as(query).isEqualTo(texts(query)).isNotEmpty();
      }
    }
  }

  @Test
  void thePageChoosesTheSame() throws IOException {
    String views = done("describe", "--format", "dashboard");
    String files = done("describe", "--format", "dashboard", "--from-files");
    assertThat(DashboardData.withoutSource(files)).isEqualTo(DashboardData.withoutSource(views));

    JsonNode data = DashboardData.of(views);
    for (String site : List.of(BERLIN, NEW_YORK)) {
      JsonNode shown = DashboardData.site(data, site);
      for (int n = 0; n < days().size(); n++) {
        JsonNode visits = shown.required("visits").required(n);
        assertThat(visits.isNull() ? null : Long.valueOf(visits.longValue()))
            .as("%s %s", site, days().get(n))
            .isEqualTo(measure(site, days().get(n), "visits"));
      }
    }
  }

  /** A list is filled by the report that has most of the page, however few fields another has. */
  @Test
  void aShortReportDoesNotHideTheListsAndGoalsOfALongOne() throws IOException {
    JsonNode data = DashboardData.of(done("describe", "--format", "dashboard"));
    int september = period(data, "2025-09");
    int october = period(data, "2025-10");
    JsonNode berlin = DashboardData.site(data, BERLIN);
    assertThat(berlin.required("known").required("goals").required(september).toString())
        .isEqualTo("[30,30]");
    assertThat(berlin.required("known").required("pages").required(september).toString())
        .isEqualTo("[30,30]");
    JsonNode purchases = berlin.required("goals").required(0);
    long conversions =
        count(
            truth
                .rows(
                    TruthQuery.event(
                        BERLIN, EVENT, LocalDate.of(2025, 9, 1), LocalDate.of(2025, 9, 30)))
                .get(0),
            "conversions");
    assertThat(purchases.required("conversions").required(september).longValue())
        .isEqualTo(conversions)
        .isPositive();
    assertThat(purchases.required("conversions").required(october).isNull())
        .as("of October nothing is stored: it is not 0")
        .isTrue();
    assertThat(
            berlin
                .required("lists")
                .required("pages")
                .required(september)
                .required("pageviews")
                .longValue())
        .isEqualTo(
            sum(
                BERLIN,
                days().stream().filter(day -> day.getMonthValue() == 9).toList(),
                "pageviews"));
  }

  private static int period(JsonNode data, String key) {
    for (int n = 0; n < data.required("periods").size(); n++) {
      if (data.required("periods").required(n).required("key").textValue().equals(key)) {
        return n;
      }
    }
    throw new AssertionError("the page has no period " + key);
  }
}
