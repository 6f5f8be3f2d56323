package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.PageView;
import fathomexport.simulator.world.World;
import fathomexport.testing.Golden;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import fathomexport.testing.TwoSites;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The views of schema fathom_bi over one exported world, compared with its visits. */
class WarehouseTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 9, 29);
  private static final LocalDate LAST = LocalDate.of(2025, 11, 2);
  private static final Instant NOW = Instant.parse("2025-11-03T14:00:00Z");
  private static final String BERLIN = "BERLIN";
  private static final String NEW_YORK = "NYC";

  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("pages_daily", "day", "hostname", "pathname"),
          Question.pageviews("referrers_daily", "day", "referrer_hostname", "referrer_source"),
          Question.pageviews("sources_daily", "day", "referrer_source"),
          Question.pageviews("campaigns_daily", "day", "utm_source", "utm_medium", "utm_campaign"),
          Question.pageviews("blog_daily", "day").where("pathname", "is like", "/blog*"),
          Question.pageviews("traffic_monthly", "month"),
          Question.events("goals_daily", "day", "referrer_source"));

  @TempDir static Path directory;
  private static TestDatabase database;
  private static FathomSimulator api;
  private static World world;

  private static World world() {
    return new TwoSites(BERLIN, NEW_YORK, "purchase", "/", 6)
        .world(
            FIRST,
            LAST,
            (view, n) ->
                switch (n) {
                  case 0 -> view;
                  case 1 ->
                      view.with(Dimension.REFERRER_HOSTNAME, "https://www.google.de")
                          .with(Dimension.REFERRER_SOURCE, "Google");
                  case 2 ->
                      view.with(Dimension.REFERRER_HOSTNAME, "https://chatgpt.com")
                          .with(Dimension.REFERRER_SOURCE, "ChatGPT");
                  case 3 ->
                      view.with(Dimension.UTM_SOURCE, "shop")
                          .with(Dimension.UTM_MEDIUM, "cpc")
                          .with(Dimension.UTM_CAMPAIGN, "autumn");
                  default ->
                      view.with(Dimension.REFERRER_HOSTNAME, "https://mail.google.com")
                          .with(Dimension.UTM_MEDIUM, "(none)");
                });
  }

  @BeforeAll
  static void export() throws IOException {
    world = world();
    database = TestDatabase.migrated();
    api = FathomSimulator.start(world, Behaviour.unlimited());
    Installation installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
            .pipeline("all", "all", "[postgres]", REPORTS)
            .pipeline(
                "hours",
                "all",
                "[postgres]",
                List.of(Question.pageviews("traffic_hourly", "hour")));
    database.executeAsSuperuser(
        "ALTER DATABASE " + database.name() + " SET fathom.as_of = '" + NOW + "'");
    Installation.Ended ended =
        installation.run("backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString());
    assertThat(ended.code()).as(ended.said()).isZero();
    ended = installation.run("backfill", "hours", "--from", "2025-10-25", "--to", "2025-10-27");
    assertThat(ended.code()).as(ended.said()).isZero();
    // One site with a name and one without, whatever the runs know of them.
    database.execute(
        "DELETE FROM fathom.site",
        "DELETE FROM fathom.event",
        "DELETE FROM fathom.milestone",
        "INSERT INTO fathom.site (site_id, name, time_zone, first_seen_at, last_seen_at) VALUES"
            + " ('BERLIN', 'Berlin''s site', 'Europe/Berlin', now(), now())",
        "INSERT INTO fathom.event (site_id, event_name, currency, first_seen_at, last_seen_at)"
            + " VALUES ('BERLIN', 'purchase', 'EUR', now(), now())",
        "INSERT INTO fathom.milestone (site_id, milestone_id, date, name) VALUES ('BERLIN', 'm1',"
            + " '2025-10-10', 'Launch')");
  }

  @AfterAll
  static void close() {
    api.close();
    database.close();
  }

  /** What tells the rows of each view apart. Every view of the schema is named here. */
  private static final Map<String, String> GRAIN =
      Map.ofEntries(
          Map.entry("additivity", "report, site_id, measure, direction"),
          Map.entry("blog_daily", "site_id, date"),
          Map.entry("calendar", "report, site_id, event_name, date"),
          Map.entry("campaigns_daily", "site_id, date, utm_source, utm_medium, utm_campaign"),
          Map.entry("campaigns_daily_channel", "site_id, date, channel"),
          Map.entry(
              "campaigns_daily_month", "site_id, month, utm_source, utm_medium, utm_campaign"),
          Map.entry("definition", "report, valid_from"),
          Map.entry("freshness", "report, site_id, event_name"),
          Map.entry("goals_daily", "site_id, event_name, date, referrer_source"),
          Map.entry("goals_daily_channel", "site_id, event_name, date, channel"),
          Map.entry("goals_daily_month", "site_id, event_name, month, referrer_source"),
          Map.entry("metric", "report, name"),
          Map.entry("milestone", "site_id, milestone_id"),
          Map.entry("pages_daily", "site_id, date, hostname, pathname"),
          Map.entry("pages_daily_month", "site_id, month, hostname, pathname"),
          Map.entry("referrers_daily", "site_id, date, referrer_hostname, referrer_source"),
          Map.entry("referrers_daily_channel", "site_id, date, channel"),
          Map.entry("referrers_daily_month", "site_id, month, referrer_hostname, referrer_source"),
          Map.entry("site_day", "site_id, date"),
          Map.entry("site_hour", "site_id, hour"),
          Map.entry("site_month", "site_id, first_day"),
          Map.entry("site_quarter", "site_id, first_day"),
          Map.entry("site_week", "site_id, first_day"),
          Map.entry("site_year", "site_id, first_day"),
          Map.entry("sources_daily", "site_id, date, referrer_source"),
          Map.entry("sources_daily_channel", "site_id, date, channel"),
          Map.entry("sources_daily_month", "site_id, month, referrer_source"));

  private static List<String> views() {
    return database
        .query(
            "SELECT relname FROM pg_class WHERE relnamespace = 'fathom_bi'::regnamespace ORDER BY"
                + " relname COLLATE \"C\"")
        .stream()
        .map(r -> String.valueOf(r.get(0)))
        .toList();
  }

  private static Stream<PageView> viewsOf(String site, Predicate<LocalDate> days) {
    ZoneId zone = world.site(site).orElseThrow().zone();
    return world.pageViews(site).stream().filter(v -> days.test(LocalDate.ofInstant(v.at(), zone)));
  }

  private static long visits(Stream<PageView> views) {
    return views.filter(PageView::startsVisit).count();
  }

  private static long bounces(Stream<PageView> views) {
    return views.filter(v -> v.startsVisit() && v.bounced()).count();
  }

  private static boolean inOctober(LocalDate day) {
    return day.getMonthValue() == 10;
  }

  private static List<@Nullable Object> row(String sql) {
    List<List<@Nullable Object>> rows = database.query(sql);
    assertThat(rows).as(sql).hasSize(1);
    return rows.get(0);
  }

  @Test
  void everyViewHasOneRowPerGrain() {
    assertThat(views()).containsExactlyInAnyOrderElementsOf(GRAIN.keySet());
    for (String view : views()) {
      List<@Nullable Object> counts =
          row(
              "SELECT count(*), (SELECT count(*) FROM (SELECT DISTINCT %s FROM fathom_bi.%s) d) FROM"
                      .formatted(GRAIN.get(view), view)
                  + " fathom_bi."
                  + view);
      assertThat(counts.get(0)).as(view).isEqualTo(counts.get(1)).isNotEqualTo(0L);
    }
  }

  @Test
  void everythingHasAComment() {
    assertThat(database.withoutComment("fathom_bi")).isEmpty();
    assertThat(row("SELECT obj_description('fathom_bi'::regnamespace, 'pg_namespace')").get(0))
        .asString()
        .contains("BI tools");
  }

  @Test
  void everyViewWithADayHasTheSiteAndAState() {
    assertThat(
            database.query(
                """
                SELECT c.relname
                  FROM pg_class c
                 WHERE c.relnamespace = 'fathom_bi'::regnamespace
                   AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid
                                  AND a.attname IN ('date', 'hour', 'month', 'first_day', 'date_from'))
                   AND (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid
                           AND a.attname IN ('site_id', 'site_name', 'state')) <> 3\
                """))
        .isEmpty();
  }

  /** What is read of a view is the same each time, whoever reads it. */
  @Test
  void viewsAreAsTheyWereLookedAt() throws IOException {
    Path golden = Path.of("src/test/resources/fathomexport/views");
    List<String> differing = new ArrayList<>();
    for (String view : views()) {
      StringBuilder text = new StringBuilder();
      text.append(row("SELECT obj_description('fathom_bi.%s'::regclass)".formatted(view)).get(0));
      text.append("\n\n");
      database
          .query(
              "SELECT attname || ' ' || format_type(atttypid, atttypmod) || ': ' ||"
                  + " col_description(attrelid, attnum) FROM pg_attribute WHERE attrelid ="
                  + " 'fathom_bi.%s'::regclass AND attnum > 0 ORDER BY attnum".formatted(view))
          .forEach(r -> text.append(r.get(0)).append('\n'));
      text.append('\n');
      database
          .query(
              "SELECT to_jsonb(v)%s FROM fathom_bi.%s v ORDER BY %s LIMIT 12"
                  .formatted(
                      // The database's clock decides when a definition was migrated.
                      view.equals("definition") ? " - 'valid_from'" : "",
                      view,
                      Arrays.stream(GRAIN.getOrDefault(view, "1").split(", "))
                          .map(
                              c ->
                                  c.equals("date")
                                          || c.equals("hour")
                                          || c.endsWith("_day")
                                          || c.equals("month")
                                          || c.equals("valid_from")
                                      ? c
                                      : c + " COLLATE \"C\"")
                          .collect(Collectors.joining(", "))))
          .forEach(r -> text.append(r.get(0)).append('\n'));
      Path file = golden.resolve(view + ".txt");
      if (Golden.isWritten()) {
        Files.createDirectories(golden);
        Files.writeString(file, text);
      } else if (!Files.exists(file) || !Files.readString(file).contentEquals(text)) {
        differing.add(view + ":\n" + text);
      }
    }
    assertThat(differing).as(Golden.TO_ACCEPT).isEmpty();
  }

  @Test
  void daysAreDense() {
    long days = FIRST.until(LAST, ChronoUnit.DAYS) + 1;
    long all = visits(viewsOf(BERLIN, d -> true));
    assertThat(
            row(
                "SELECT count(*), sum(visits), avg(visits)::double precision, min(date)::text,"
                    + " max(date)::text FROM fathom_bi.site_day WHERE site_name = 'Berlin''s"
                    + " site'"))
        .isEqualTo(
            List.of(
                days,
                BigDecimal.valueOf(all),
                (double) all / days,
                FIRST.toString(),
                LAST.toString()));
    assertThat(
            database.query(
                "SELECT date::text, visits, pageviews, bounces, bounce_rate FROM fathom_bi.site_day"
                    + " WHERE state = 'empty' AND site_id = 'BERLIN' ORDER BY date LIMIT 1"))
        .containsExactly(Arrays.asList("2025-10-07", 0L, 0L, 0L, null));
    assertThat(
            row(
                "SELECT count(*) FROM fathom_bi.calendar WHERE report = 'pages_daily' AND state ="
                    + " 'missing'"))
        .as("no day is missing")
        .containsExactly(0L);
    LocalDate day = LocalDate.of(2025, 10, 20);
    assertThat(
            row(
                "SELECT visits, visits_week_before, day_of_week, iso_week, pageviews FROM"
                    + " fathom_bi.site_day WHERE site_id = 'BERLIN' AND date = '2025-10-20'"))
        .containsExactly(
            visits(viewsOf(BERLIN, day::equals)),
            visits(viewsOf(BERLIN, day.minusDays(7)::equals)),
            1,
            "2025-W43",
            viewsOf(BERLIN, day::equals).count());
    assertThat(
            row(
                "SELECT count(*), count(visits) FROM fathom_bi.site_hour WHERE site_id = 'NYC' AND"
                    + " state = 'missing'"))
        .as("what was not measured is null")
        .containsExactly(6 * 24L, 0L);
  }

  @Test
  void monthsAreSumsAndRatesAreWeighted() {
    long visits = visits(viewsOf(BERLIN, WarehouseTest::inOctober));
    long bounces = bounces(viewsOf(BERLIN, WarehouseTest::inOctober));
    long pageviews = viewsOf(BERLIN, WarehouseTest::inOctober).count();
    List<@Nullable Object> month =
        row(
            "SELECT days, complete_days, state, visits, bounces, pageviews, bounce_rate, uniques,"
                + " visits_period_before FROM fathom_bi.site_month WHERE site_id = 'BERLIN' AND"
                + " first_day = '2025-10-01'");
    assertThat(month)
        .containsExactly(
            31,
            31,
            "complete",
            visits,
            bounces,
            pageviews,
            100.0 * bounces / visits,
            viewsOf(BERLIN, WarehouseTest::inOctober).filter(PageView::uniquePage).count(),
            null);
    assertThat(
            row(
                "SELECT o.state, n.visits_period_before, n.bounce_rate_period_before FROM"
                    + " fathom_bi.site_month o, fathom_bi.site_month n WHERE o.site_id = 'BERLIN' AND"
                    + " n.site_id = 'BERLIN' AND o.first_day = '2025-09-01' AND n.first_day ="
                    + " '2025-11-01'"))
        .as("of September only a part is known, which is no comparison; of October the whole")
        .containsExactly("incomplete", visits, 100.0 * bounces / visits);
    assertThat(
            row(
                "SELECT avg(bounce_rate) FROM fathom.pages_daily WHERE site_id = 'BERLIN' AND date"
                    + " BETWEEN '2025-10-01' AND '2025-10-31'"))
        .as("the naive average")
        .isNotEqualTo(List.of(100.0 * bounces / visits));
    assertThat(
            row(
                "SELECT sum(visits), 100 * sum(bounces) / sum(visits)::double precision FROM"
                    + " fathom_bi.pages_daily_month WHERE site_id = 'BERLIN' AND month ="
                    + " '2025-10-01'"))
        .containsExactly(BigDecimal.valueOf(visits), 100.0 * bounces / visits);
    assertThat(
            row(
                "SELECT state, complete_days FROM fathom_bi.site_month WHERE site_id = 'BERLIN' AND"
                    + " first_day = '2025-11-01'"))
        .containsExactly("provisional", 2);
  }

  @Test
  void sharesAddUpToOne() {
    assertThat(
            database.query(
                "SELECT site_id, date, sum(share_of_pageviews) FROM fathom_bi.pages_daily GROUP BY"
                    + " site_id, date HAVING abs(sum(share_of_pageviews) - 1) > 1e-9"))
        .isEmpty();
  }

  @Test
  void channelsAreThoseOfTheVisits() {
    Map<String, Long> expected =
        viewsOf(BERLIN, WarehouseTest::inOctober)
            .filter(PageView::startsVisit)
            .collect(
                Collectors.groupingBy(
                    v -> {
                      String host = v.fields().get(Dimension.REFERRER_HOSTNAME);
                      return host == null
                          ? "direct"
                          : host.contains("mail.")
                              ? "email"
                              : host.contains("google") ? "search" : "AI assistants";
                    },
                    TreeMap::new,
                    Collectors.counting()));
    assertThat(expected).hasSize(4);
    Map<String, Long> actual = new TreeMap<>();
    database
        .query(
            "SELECT channel, sum(visits)::bigint FROM fathom_bi.referrers_daily_channel WHERE"
                + " site_id = 'BERLIN' AND date BETWEEN '2025-10-01' AND '2025-10-31' GROUP BY"
                + " channel")
        .forEach(r -> actual.put(String.valueOf(r.get(0)), Long.valueOf(String.valueOf(r.get(1)))));
    assertThat(actual).isEqualTo(expected);
    assertThat(
            database.query(
                "SELECT DISTINCT channel FROM fathom_bi.campaigns_daily_channel ORDER BY 1"))
        .as("without a referrer, what has no campaign is not known")
        .containsExactly(List.of("(none)"), List.of("campaign"), List.of("paid"));
  }

  /**
   * A referral may have a host name and no source: the empty source alone is not a direct visit.
   */
  @Test
  void anEmptySourceIsDirectOnlyBesideTheHost() {
    assertThat(
            database.query(
                "SELECT DISTINCT channel FROM fathom_bi.sources_daily_channel ORDER BY 1"))
        .containsExactly(List.of("(none)"), List.of("AI assistants"), List.of("search"));
    assertThat(
            row(
                "SELECT (SELECT sum(visits) FROM fathom_bi.sources_daily_channel WHERE channel ="
                    + " '(none)') = (SELECT sum(visits) FROM fathom_bi.sources_daily WHERE"
                    + " referrer_source = '(none)')"))
        .containsExactly(true);
  }

  @Test
  void nullAndARealNoneStayApart() {
    assertThat(database.query("SELECT DISTINCT utm_medium FROM fathom_bi.campaigns_daily"))
        .containsExactlyInAnyOrder(List.of("\"(none)\""), List.of("(none)"), List.of("cpc"));
  }

  @Test
  void goalsHaveMoneyAndRates() {
    LocalDate day = LocalDate.of(2025, 10, 20);
    assertThat(
            row(
                "SELECT value, value_cents, currency, conversion_rate, conversion_rate_of_group"
                    + " FROM fathom_bi.goals_daily WHERE date = '2025-10-20'"))
        .containsExactly(
            new BigDecimal("19.99"),
            1999L,
            "EUR",
            1.0 / visits(viewsOf(BERLIN, day::equals)),
            1.0
                / visits(
                    viewsOf(BERLIN, day::equals)
                        .filter(v -> "Google".equals(v.fields().get(Dimension.REFERRER_SOURCE)))));
  }

  @Test
  void hoursKnowTheChangesOfTheClocks() {
    assertThat(
            database.query(
                "SELECT hour::text, (hour_utc AT TIME ZONE 'UTC')::text FROM fathom_bi.site_hour"
                    + " WHERE is_repeated ORDER BY site_id"))
        .containsExactly(
            List.of("2025-10-26 02:00:00", "2025-10-26 00:00:00"),
            List.of("2025-11-02 01:00:00", "2025-11-02 05:00:00"));
    assertThat(
            row(
                "SELECT count(*), count(DISTINCT hour_utc), sum(pageviews) FROM fathom_bi.site_hour"
                    + " WHERE site_id = 'BERLIN' AND hour::date = '2025-10-26'"))
        .containsExactly(
            24L,
            24L,
            BigDecimal.valueOf(viewsOf(BERLIN, LocalDate.of(2025, 10, 26)::equals).count()));
  }

  /** By page, Fathom counts visits where they began and unique visitors where they looked. */
  @Test
  void visitsByPageAreCalledEntrances() {
    String comments =
        "SELECT relname || '.' || attname FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid"
            + " WHERE relnamespace = 'fathom_bi'::regnamespace AND attnum > 0 AND"
            + " col_description(attrelid, attnum) ~* 'entrances' AND attname IN ('visits',"
            + " 'bounces', 'bounce_rate') ORDER BY 1";
    assertThat(database.query(comments).stream().map(r -> String.valueOf(r.get(0))))
        .containsExactlyInAnyOrder(
            "blog_daily.visits",
            "blog_daily.bounces",
            "blog_daily.bounce_rate",
            "pages_daily.visits",
            "pages_daily.bounces",
            "pages_daily.bounce_rate",
            "pages_daily_month.visits",
            "pages_daily_month.bounces",
            "pages_daily_month.bounce_rate");
    assertThat(
            database.query(
                "SELECT report FROM fathom_bi.metric WHERE name = 'visits' AND meaning LIKE"
                    + " 'Entrances%' ORDER BY 1"))
        .containsExactly(List.of("blog_daily"), List.of("pages_daily"));
    assertThat(
            database.query(
                "SELECT DISTINCT c.relname FROM pg_class c WHERE relnamespace ="
                    + " 'fathom'::regnamespace AND EXISTS (SELECT FROM pg_attribute WHERE attrelid"
                    + " = c.oid AND attname = 'visits' AND col_description(attrelid, attnum) LIKE"
                    + " 'Entrances%') ORDER BY 1"))
        .containsExactly(List.of("blog_daily"), List.of("pages_daily"));
  }

  @Test
  void whatMaySumIsSaid() {
    assertThat(
            database.query(
                "SELECT DISTINCT meaning LIKE '%within one currency' FROM fathom_bi.metric WHERE"
                    + " name LIKE 'value%'"))
        .containsExactly(List.of(true));
    assertThat(
            row(
                "SELECT adds_up_over_days, adds_up_over_groups FROM fathom_bi.metric WHERE report ="
                    + " 'traffic_daily' AND name = 'uniques'"))
        .containsExactly(true, null);
    assertThat(
            row(
                "SELECT adds_up_over_days, adds_up_over_groups FROM fathom_bi.metric WHERE report ="
                    + " 'traffic_daily' AND name = 'avg_duration'"))
        .containsExactly(false, false);
    assertThat(
            row(
                "SELECT definition ->> 'date_grouping', current FROM fathom_bi.definition WHERE"
                    + " report = 'traffic_monthly'"))
        .containsExactly("month", true);
    assertThat(
            row(
                "SELECT last_day::text, days_behind, state FROM fathom_bi.freshness WHERE report ="
                    + " 'pages_daily' AND site_id = 'NYC'"))
        .containsExactly(LAST.toString(), 0, "complete");
  }
}
