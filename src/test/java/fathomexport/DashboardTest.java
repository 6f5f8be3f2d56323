package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.truth.Truth;
import fathomexport.simulator.truth.TruthQuery;
import fathomexport.simulator.world.Conversion;
import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.World;
import fathomexport.testing.DashboardData;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import fathomexport.testing.TwoSites;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page for managers over one exported world, compared with its visits. */
class DashboardTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 9, 29);
  private static final LocalDate LAST = LocalDate.of(2025, 11, 9);
  private static final Instant NOW = Instant.parse("2025-11-10T14:00:00Z");
  private static final LocalDate OCTOBER = LocalDate.of(2025, 10, 1);

  /** Days between two backfills. */
  private static final List<LocalDate> GAP =
      List.of(LocalDate.of(2025, 11, 4), LocalDate.of(2025, 11, 5));

  private static final String BERLIN = "BERLIN";
  private static final String NEW_YORK = "NYC";

  private static final String HOSTILE_NAME = "</script><script>document.title='site'</script>";
  private static final String HOSTILE_PATH =
      "/</script><img src=x onerror=\"document.title='path'\">";
  private static final String HOSTILE_EVENT = "<!--<svg onload=\"document.title='event'\">";

  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("pages_daily", "day", "hostname", "pathname"),
          Question.pageviews("referrers_daily", "day", "referrer_hostname", "referrer_source"),
          Question.pageviews("campaigns_daily", "day", "utm_source", "utm_medium", "utm_campaign"),
          Question.pageviews("countries_daily", "day", "country_code"),
          Question.pageviews("traffic_monthly", "month"),
          Question.events("goals_daily", "day", "referrer_source"));

  @TempDir static Path directory;
  private static TestDatabase database;
  private static FathomSimulator api;
  private static Installation installation;
  private static World world;
  private static Truth truth;
  private static String page;

  private static World world() {
    return new TwoSites(BERLIN, NEW_YORK, HOSTILE_EVENT, HOSTILE_PATH, 5)
        .world(
            FIRST,
            LAST,
            (view, n) ->
                switch (n) {
                  case 0 -> view;
                  case 1 ->
                      view.with(Dimension.REFERRER_HOSTNAME, "https://www.google.de")
                          .with(Dimension.REFERRER_SOURCE, "Google");
                  case 2 -> view.with(Dimension.REFERRER_HOSTNAME, "https://news.chatgpt.com");
                  case 3 ->
                      view.with(Dimension.UTM_MEDIUM, "cpc").with(Dimension.UTM_SOURCE, "shop");
                  default -> view.with(Dimension.REFERRER_SOURCE, "(none)");
                })
        .renameSite(BERLIN, HOSTILE_NAME);
  }

  @BeforeAll
  static void export() throws IOException {
    world = world();
    truth = new Truth(world, Behaviour.unlimited());
    database = TestDatabase.migrated();
    api = FathomSimulator.start(world, Behaviour.unlimited());
    installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
            .pipeline("all", REPORTS);
    done("backfill", "all", "--from", FIRST.toString(), "--to", GAP.get(0).minusDays(1).toString());
    done("backfill", "all", "--from", GAP.get(1).plusDays(1).toString(), "--to", LAST.toString());
    page = done("describe", "--format", "dashboard");
  }

  @AfterAll
  static void close() {
    api.close();
    database.close();
  }

  private static String done(String... arguments) {
    Installation.Ended ended = installation.run(arguments);
    assertThat(ended.code()).as(ended.said()).isZero();
    return ended.out();
  }

  private static LocalDate day(JsonNode first, int n) {
    return LocalDate.parse(first.textValue()).plusDays(n);
  }

  private static @Nullable Long number(JsonNode cell) {
    return cell.isNull() ? null : Long.valueOf(cell.longValue());
  }

  private static long count(Map<String, @Nullable Object> row, String measure) {
    return row.get(measure) instanceof Number n ? n.longValue() : 0;
  }

  // --- Numbers

  /** The views and the files are read by different code. */
  @Test
  void theFilesShowTheNumbersOfTheViews() throws IOException {
    String fromFiles = done("describe", "--format", "dashboard", "--from-files");
    assertThat(DashboardData.of(fromFiles).required("source").textValue())
        .isEqualTo("Parquet files");
    assertThat(DashboardData.withoutSource(fromFiles)).isEqualTo(DashboardData.withoutSource(page));
  }

  /**
   * Where the API refuses the control query, periods are uncertified; and the last day of a retired
   * site is the end of its calendar, but not of the page. DuckDB has the same calendar.
   */
  @Test
  void theFilesKnowWhatIsUncertifiedAndWhatIsRetired(@TempDir Path elsewhere)
      throws IOException, SQLException {
    LocalDate first = LocalDate.of(2025, 11, 1);
    World two = World.empty();
    for (String site : List.of("ONE", "TWO")) {
      two.addSite(site, ZoneId.of("Europe/Berlin"));
      for (LocalDate day : List.of(first, first.plusDays(1), first.plusDays(3), LAST)) {
        two.add(site, two.viewAt(site, day.atTime(9, 0)).path("/a"));
      }
    }
    try (TestDatabase own = TestDatabase.migrated();
        FathomSimulator served = FathomSimulator.start(two, Behaviour.unlimited())) {
      Installation both =
          new Installation(elsewhere, own, served.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
              .pipeline("whole", List.of(Question.pageviews("traffic_daily", "day")))
              .pipeline("pages", List.of(Question.pageviews("pages_daily", "day", "pathname")));
      for (String now : List.of("2025-11-05T14:00:00Z", NOW.toString())) {
        both.at(Instant.parse(now));
        Installation.Ended ended = both.run("run", "whole");
        assertThat(ended.code()).as(ended.said()).isZero();
        served.behave(
            Behaviour.unlimited()
                .withFault(
                    FaultRule.when(
                        r -> r.aggregation() > 0 && r.parameter("field_grouping") == null,
                        Fault.status(400))));
        both.run("run", "pages");
        served.behave(Behaviour.unlimited());
        if (!now.equals(NOW.toString())) {
          two.removeSite("TWO");
        }
      }
      assertThat(
              own.query(
                  "SELECT DISTINCT status FROM fathom_ops.ledger WHERE report = 'pages_daily'"))
          .containsExactly(List.of("uncertified"));

      String views = both.run("describe", "--format", "dashboard").out();
      String files = both.run("describe", "--format", "dashboard", "--from-files").out();

      assertThat(DashboardData.withoutSource(files)).isEqualTo(DashboardData.withoutSource(views));
      JsonNode data = DashboardData.of(files);
      String states = DashboardData.site(data, "ONE").required("states").textValue();
      assertThat(day(DashboardData.site(data, "ONE").required("first"), states.length() - 1))
          .as("the end of the page")
          .isEqualTo(LAST);

      String calendar =
          "SELECT report, site_id, date, state FROM fathom_bi.calendar ORDER BY 1, 2, 3";
      List<String> wanted =
          own
              .query(
                  "SELECT c.* FROM (SELECT set_config('fathom.as_of', '"
                      + NOW
                      + "', false)) s, ("
                      + calendar
                      + ") c")
              .stream()
              .map(row -> row.stream().map(String::valueOf).collect(Collectors.joining("|")))
              .toList();
      assertThat(wanted)
          .contains("pages_daily|ONE|2025-11-04|complete", "pages_daily|ONE|2025-11-03|incomplete")
          .contains("traffic_daily|TWO|2025-11-04|complete")
          .noneMatch(row -> row.contains("|TWO|2025-11-05"));
      try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
          Statement statement = duck.createStatement()) {
        statement.execute(both.run("describe", "--format", "duckdb").out());
        statement.execute("SET VARIABLE fathom_as_of = '" + NOW + "'");
        List<String> found = new ArrayList<>();
        try (ResultSet rows = statement.executeQuery(calendar)) {
          while (rows.next()) {
            found.add(
                String.join(
                    "|",
                    rows.getString(1),
                    rows.getString(2),
                    rows.getString(3),
                    rows.getString(4)));
          }
        }
        assertThat(found).isEqualTo(wanted);
      }
    }
  }

  /**
   * What is retired ends with its last day, on which nothing else ends: it is neither late nor
   * missing afterwards. A site that was retired before the page begins has no days on it.
   */
  @Test
  void whatIsRetiredEndsAndThePageContinues() throws IOException {
    LocalDate last = LocalDate.of(2025, 11, 4);
    World some = World.empty();
    for (String site : List.of("STAYS", "GOES", "WENT")) {
      some.addSite(site, ZoneId.of("Europe/Berlin"));
      for (LocalDate day : List.of(LocalDate.of(2024, 9, 9), last, LAST)) {
        some.add(site, some.viewAt(site, day.atTime(9, 0)).path("/a"));
      }
    }
    for (String event : List.of("buy", "signup")) {
      some.addEvent("STAYS", event);
      for (LocalDate day = LocalDate.of(2025, 11, 1); !day.isAfter(LAST); day = day.plusDays(1)) {
        some.add("STAYS", Conversion.of(event, some.instant("STAYS", day.atTime(12, 0))));
      }
    }
    try (TestDatabase own = TestDatabase.migrated();
        FathomSimulator served = FathomSimulator.start(some, Behaviour.unlimited())) {
      Installation nights =
          new Installation(
                  directory.resolve("retired"),
                  own,
                  served.baseUri(),
                  SimulatorToken.STANDARD.secret(),
                  NOW)
              .pipeline(
                  "all",
                  List.of(
                      Question.pageviews("traffic_daily", "day"),
                      Question.pageviews("traffic_monthly", "month"),
                      Question.events("goals_daily", "day")));
      for (String now : List.of("2024-09-10T14:00:00Z", "2025-11-05T14:00:00Z", NOW.toString())) {
        Installation.Ended ended = nights.at(Instant.parse(now)).run("run", "all");
        assertThat(ended.code()).as(ended.said()).isZero();
        if (now.startsWith("2024")) {
          some.removeSite("WENT");
        } else if (now.startsWith("2025-11-05")) {
          some.removeSite("GOES").removeEvent("STAYS", "signup");
        }
      }
      assertThat(
              own.query(
                  "SELECT site_id, event_name, last_day::text FROM fathom_ops.retired ORDER BY 1"))
          .containsExactly(
              List.of("GOES", "", last.toString()),
              List.of("STAYS", "signup", last.toString()),
              List.of("WENT", "", "2024-09-09"));

      String views = nights.run("describe", "--format", "dashboard").out();
      String files = nights.run("describe", "--format", "dashboard", "--from-files").out();

      assertThat(DashboardData.withoutSource(files)).isEqualTo(DashboardData.withoutSource(views));
      JsonNode data = DashboardData.of(views);
      assertThat(data.required("end").textValue()).isEqualTo(LAST.toString());
      assertThat(data.required("sites"))
          .extracting(site -> site.required("id").textValue())
          .containsExactlyInAnyOrder("", "STAYS", "GOES");
      assertThat(lastDay(DashboardData.site(data, "STAYS"))).isEqualTo(LAST);
      assertThat(lastDay(DashboardData.site(data, ""))).isEqualTo(LAST);
      assertThat(lastDay(DashboardData.site(data, "GOES"))).isEqualTo(last);
      JsonNode all = DashboardData.site(data, "").required("visits");
      assertThat(all.required(all.size() - 1).longValue()).as("visits of the last day").isOne();
      for (JsonNode site : data.required("sites")) {
        for (JsonNode report : site.required("freshness")) {
          assertThat(report.required("behind").longValue()).as("%s", site).isZero();
          assertThat(report.required("state").textValue()).isNotEqualTo("missing");
        }
      }
      JsonNode goals = DashboardData.site(data, "STAYS").required("calendars").required(0);
      assertThat(goals.required("report").textValue()).isEqualTo("goals_daily");
      assertThat(goals.required("states").textValue()).endsWith("ccccc");
    }
  }

  /** All sites are more sites than before when one has begun since: the page says how many. */
  @Test
  void aSiteThatBeganSinceIsSaidWhereAllSitesAreCompared() throws IOException {
    World some = World.empty();
    for (String site : List.of("EARLY", "LATE")) {
      some.addSite(site, ZoneId.of("Europe/Berlin"));
      for (LocalDate day = FIRST; !day.isAfter(LAST); day = day.plusDays(1)) {
        some.add(site, some.viewAt(site, day.atTime(9, 0)).path("/a"));
      }
    }
    try (TestDatabase own = TestDatabase.migrated();
        FathomSimulator served = FathomSimulator.start(some, Behaviour.unlimited())) {
      Installation nights =
          new Installation(
                  directory.resolve("joined"),
                  own,
                  served.baseUri(),
                  SimulatorToken.STANDARD.secret(),
                  NOW)
              .pipeline("all", List.of(Question.pageviews("traffic_daily", "day")))
              .pipeline("pages", List.of(Question.pageviews("pages_daily", "day", "pathname")));
      LocalDate began = LocalDate.of(2025, 10, 29);
      LocalDate listed = LocalDate.of(2025, 10, 31);
      for (String[] from :
          new String[][] {
            {"all", "EARLY", FIRST.toString()},
            {"all", "LATE", began.toString()},
            {"pages", "EARLY", listed.toString()}
          }) {
        Installation.Ended ended =
            nights.run(
                "backfill", from[0], "--site", from[1], "--from", from[2], "--to", LAST.toString());
        assertThat(ended.code()).as(ended.said()).isZero();
      }

      String views = nights.run("describe", "--format", "dashboard").out();
      String files = nights.run("describe", "--format", "dashboard", "--from-files").out();

      assertThat(DashboardData.withoutSource(files)).isEqualTo(DashboardData.withoutSource(views));
      JsonNode data = DashboardData.of(views);
      JsonNode all = DashboardData.site(data, "");
      for (String rows : List.of("weeks", "months")) {
        boolean weeks = rows.equals("weeks");
        for (int n = 0; n < all.required(rows).size(); n++) {
          LocalDate first = LocalDate.parse(all.required(rows).required(n).required(0).textValue());
          LocalDate before = weeks ? first.minusWeeks(1) : first.minusMonths(1);
          LocalDate end = weeks ? first.plusWeeks(1) : first.plusMonths(1);
          assertThat(all.required("joined").required(rows).required(n).longValue())
              .as("%s of %s", rows, first)
              .isEqualTo(
                  List.of(FIRST, began).stream()
                      .filter(day -> day.isAfter(before) && day.isBefore(end))
                      .count());
        }
      }
      assertThat(all.required("joined").required("weeks"))
          .extracting(JsonNode::longValue)
          .contains(0L, 1L);
      assertThat(DashboardData.site(data, "EARLY").has("joined")).isFalse();
      assertThat(views).contains("so a part of the change is theirs");

      int october = period(data, "2025-10");
      for (String site : List.of("EARLY", "")) {
        JsonNode pages = DashboardData.site(data, site).required("known").required("pages");
        assertThat(pages.required(october).toString())
            .as("the list began later")
            .isEqualTo("[1,31]");
        assertThat(pages.required(october - 1).toString()).isEqualTo("[9,9]");
      }
      assertThat(DashboardData.site(data, "LATE").required("known")).isEmpty();
      assertThat(all.required("without").toString()).isEqualTo("{\"pages\":1}");
    }
  }

  /**
   * In the Americas it is the day before while Europe has its next one stored: the page ends with
   * the earlier one, and so does everything that it shows of the month. Where visitors are
   * recognised across days, nothing knows those of a part of the month.
   */
  @Test
  void whatIsShownOfTheMonthEndsWithThePage(@TempDir Path elsewhere) throws IOException {
    LocalDate november = LocalDate.of(2025, 11, 1);
    World some =
        World.empty()
            .addSite("EAST", ZoneId.of("Europe/Berlin"))
            .addSite("WEST", ZoneId.of("America/Los_Angeles"))
            .addEvent("EAST", "buy");
    for (LocalDate day = OCTOBER; day.isBefore(november.plusMonths(1)); day = day.plusDays(1)) {
      for (String site : List.of("EAST", "WEST")) {
        for (int n = 0; n < 2 + day.getDayOfMonth() % 3; n++) {
          some.add(
              site,
              some.viewAt(site, day.atTime(9 + n, 0))
                  .path("/" + n)
                  .with(Dimension.REFERRER_HOSTNAME, "https://www.google.de")
                  .with(Dimension.UTM_CAMPAIGN, "autumn")
                  .with(Dimension.COUNTRY_CODE, "DE"));
        }
      }
      some.add("EAST", Conversion.of("buy", some.instant("EAST", day.atTime(12, 0))).worth(100L));
    }
    for (boolean recognised : new boolean[] {false, true}) {
      Behaviour behaviour = Behaviour.unlimited().withVisitorsRecognised(recognised);
      Truth visits = new Truth(some, behaviour);
      try (TestDatabase own = TestDatabase.migrated();
          FathomSimulator served = FathomSimulator.start(some, behaviour)) {
        Installation nights =
            new Installation(
                    elsewhere.resolve("recognised-" + recognised),
                    own,
                    served.baseUri(),
                    SimulatorToken.STANDARD.secret(),
                    Instant.parse("2025-11-28T14:00:00Z"))
                .pipeline("all", REPORTS);
        Installation.Ended ended =
            nights.run("backfill", "all", "--from", OCTOBER.toString(), "--to", "2025-11-27");
        assertThat(ended.code()).as(ended.said()).isZero();
        List<LocalDate> ends = List.of(november.plusDays(27), november.plusDays(28));
        for (LocalDate end : recognised ? ends.subList(1, 2) : ends) {
          ended = nights.at(Instant.parse(end.plusDays(2) + "T04:34:00Z")).run("run", "all");
          assertThat(ended.code()).as(ended.said()).isZero();
          assertThat(
                  own.query(
                      "SELECT max(date)::text FROM fathom.traffic_daily WHERE site_id = 'EAST'"))
              .containsExactly(List.of(end.plusDays(1).toString()));

          String views = nights.run("describe", "--format", "dashboard").out();
          String files = nights.run("describe", "--format", "dashboard", "--from-files").out();

          JsonNode data = DashboardData.of(views);
          assertThat(data.required("end").textValue()).isEqualTo(end.toString());
          int month = period(data, "2025-11");
          for (String site : List.of("EAST", "WEST")) {
            String what = site + " to " + end + ", recognised: " + recognised;
            Map<String, @Nullable Object> wanted =
                visits.rows(TruthQuery.pageviews(site, november, end)).get(0);
            JsonNode shown = DashboardData.site(data, site);
            for (JsonNode cells :
                List.of(
                    shown.required("months").required(0),
                    shown.required("periods").required(month))) {
              assertThat(cells.required(0).textValue()).isEqualTo(november.toString());
              assertThat(cells.required(4).longValue()).as(what).isEqualTo(count(wanted, "visits"));
              assertThat(number(cells.required(5)))
                  .as("unique visitors of %s", what)
                  .isEqualTo(
                      recognised && site.equals("EAST")
                          ? null
                          : Long.valueOf(count(wanted, "uniques")));
            }
            for (String list :
                List.of("pages", "channels", "referrers", "campaigns", "countries")) {
              JsonNode ranking = shown.required("lists").required(list).required(month);
              long sum = 0;
              for (JsonNode row : ranking.required("rows")) {
                sum += row.required(2).longValue();
              }
              assertThat(List.of(ranking.required("pageviews").longValue(), sum))
                  .as("pageviews of %s, and of their rows, of %s", list, what)
                  .containsOnly(count(wanted, "pageviews"));
            }
          }
          JsonNode goal = DashboardData.site(data, "EAST").required("goals").required(0);
          assertThat(goal.required("conversions").required(month).longValue())
              .isEqualTo(end.getDayOfMonth());
          assertThat(DashboardData.withoutSource(files))
              .isEqualTo(DashboardData.withoutSource(views));
        }
      }
    }
  }

  /** Of two reports on the same days, the one that tells more channels fills their list. */
  @Test
  void channelsAreFromTheReportThatTellsMostOfThem(@TempDir Path elsewhere) throws IOException {
    try (TestDatabase separate = TestDatabase.migrated()) {
      Installation both =
          new Installation(
                  elsewhere, separate, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
              .pipeline(
                  "all",
                  List.of(
                      REPORTS.get(0),
                      REPORTS.get(2),
                      Question.pageviews(
                          "origins_daily",
                          "day",
                          "referrer_hostname",
                          "referrer_source",
                          "utm_source",
                          "utm_medium",
                          "utm_campaign"),
                      Question.pageviews(
                          "wide_daily",
                          "day",
                          "referrer_hostname",
                          "referrer_source",
                          "pathname",
                          "country_code",
                          "browser",
                          "utm_medium")));
      Installation.Ended filled =
          both.run(
              "backfill", "all", "--from", "2025-10-01", "--to", OCTOBER.plusDays(9).toString());
      assertThat(filled.code()).as(filled.said()).isZero();

      String views = both.run("describe", "--format", "dashboard").out();
      String files = both.run("describe", "--format", "dashboard", "--from-files").out();

      JsonNode data = DashboardData.of(views);
      assertThat(data.at("/lists/channels/report").textValue()).isEqualTo("origins_daily");
      assertThat(data.at("/lists/channels/note").textValue()).isEmpty();
      assertThat(data.at("/lists/referrers/report").textValue()).isEqualTo("referrers_daily");
      List<String> channels = new ArrayList<>();
      DashboardData.site(data, BERLIN)
          .required("lists")
          .required("channels")
          .required(period(data, "2025-10"))
          .required("rows")
          .forEach(r -> channels.add(r.required(0).textValue()));
      assertThat(channels).contains("direct", "search", "paid");
      assertThat(DashboardData.withoutSource(files)).isEqualTo(DashboardData.withoutSource(views));
    }
  }

  private static LocalDate lastDay(JsonNode site) {
    return day(site.required("first"), site.required("states").textValue().length() - 1);
  }

  @Test
  void aDayIsWhatItsVisitsSayAndAGapIsNotAZero() throws IOException {
    JsonNode data = DashboardData.of(page);
    for (String site : List.of(BERLIN, NEW_YORK)) {
      JsonNode shown = DashboardData.site(data, site);
      String states = shown.required("states").textValue();
      assertThat(day(shown.required("first"), 0)).isEqualTo(FIRST);
      assertThat(day(shown.required("first"), states.length() - 1)).isEqualTo(LAST);
      for (int n = 0; n < states.length(); n++) {
        LocalDate day = FIRST.plusDays(n);
        List<Map<String, @Nullable Object>> rows = truth.rows(TruthQuery.pageviews(site, day, day));
        boolean measured = !GAP.contains(day);
        boolean traffic = day.getDayOfMonth() % 7 != 0;
        assertThat(states.charAt(n))
            .as("state of %s", day)
            .isEqualTo(measured ? traffic ? 'c' : 'e' : 'm');
        for (String measure : List.of("visits", "uniques", "pageviews")) {
          long wanted = rows.isEmpty() ? 0 : count(rows.get(0), measure);
          assertThat(number(shown.required(measure).required(n)))
              .as("%s of %s on %s", measure, site, day)
              .isEqualTo(measured ? Long.valueOf(wanted) : null);
        }
      }
    }
  }

  @Test
  void allSitesAreTheSumOfSitesButForUniques() throws IOException {
    JsonNode data = DashboardData.of(page);
    JsonNode all = DashboardData.site(data, "");
    for (int n = 0; n < all.required("states").textValue().length(); n++) {
      long sum = 0;
      for (String site : List.of(BERLIN, NEW_YORK)) {
        sum += DashboardData.site(data, site).required("visits").required(n).longValue();
      }
      boolean measured = !GAP.contains(FIRST.plusDays(n));
      assertThat(number(all.required("visits").required(n))).isEqualTo(measured ? sum : null);
      assertThat(number(all.required("uniques").required(n))).isNull();
    }
  }

  private static List<List<String>> cells(JsonNode rows) {
    List<List<String>> all = new ArrayList<>();
    for (JsonNode row : rows) {
      List<String> cells = new ArrayList<>();
      row.forEach(c -> cells.add(c.isNull() ? "null" : c.isDouble() ? rounded(c) : c.asText()));
      all.add(cells);
    }
    return all;
  }

  private static String rounded(Object number) {
    return String.format(Locale.ROOT, "%.6f", Double.valueOf(number.toString()));
  }

  @Test
  void weeksAndMonthsAreThoseOfTheViews() throws IOException {
    for (String site : List.of(BERLIN, NEW_YORK)) {
      JsonNode shown = DashboardData.site(DashboardData.of(page), site);
      for (String unit : List.of("week", "month")) {
        List<List<String>> wanted =
            database
                .query(
                    "SELECT first_day, state, complete_days, days, visits, uniques, pageviews,"
                        + " bounce_rate FROM (SELECT set_config('fathom.as_of', '"
                        + NOW
                        + "', false)) c, fathom_bi.site_"
                        + unit
                        + " WHERE site_id = '"
                        + site
                        + "' ORDER BY first_day DESC")
                .stream()
                .map(
                    r ->
                        r.stream()
                            .map(c -> c instanceof Double d ? rounded(d) : String.valueOf(c))
                            .toList())
                .toList();
        assertThat(cells(shown.required(unit + "s"))).as(unit).isEqualTo(wanted).isNotEmpty();
      }
      List<Map<String, @Nullable Object>> october =
          truth.rows(TruthQuery.pageviews(site, OCTOBER, OCTOBER.plusMonths(1).minusDays(1)));
      JsonNode month = shown.required("months").required(1);
      assertThat(month.required(0).textValue()).isEqualTo(OCTOBER.toString());
      assertThat(month.required(5).longValue()).isEqualTo(count(october.get(0), "uniques"));
    }
  }

  /** Returns the place of a period among those of the page. */
  private static int period(JsonNode data, String key) {
    for (int n = 0; n < data.required("periods").size(); n++) {
      if (data.required("periods").required(n).required("key").textValue().equals(key)) {
        return n;
      }
    }
    throw new AssertionError("no period " + key);
  }

  @Test
  void listsAndGoalsAreWhatTheVisitsSay() throws IOException {
    JsonNode data = DashboardData.of(page);
    int october = period(data, "2025-10");
    JsonNode berlin = DashboardData.site(data, BERLIN);
    LocalDate end = OCTOBER.plusMonths(1).minusDays(1);
    Map<String, Long> pages = new TreeMap<>();
    truth
        .rows(TruthQuery.pageviews(BERLIN, OCTOBER, end).by("day").fields("pathname"))
        .forEach(
            r -> pages.merge(String.valueOf(r.get("pathname")), count(r, "pageviews"), Long::sum));
    Map<String, Long> shown = new TreeMap<>();
    JsonNode list = berlin.required("lists").required("pages").required(october);
    list.required("rows")
        .forEach(r -> shown.put(r.required(0).textValue(), r.required(2).longValue()));
    assertThat(shown).isEqualTo(pages).containsKey(HOSTILE_PATH);
    assertThat(list.required("pageviews").longValue())
        .isEqualTo(pages.values().stream().mapToLong(Long::longValue).sum());

    Map<String, Long> channels = new TreeMap<>();
    berlin
        .required("lists")
        .required("channels")
        .required(october)
        .required("rows")
        .forEach(r -> channels.put(r.required(0).textValue(), r.required(3).longValue()));
    assertThat(channels).containsOnlyKeys("direct", "search", "AI assistants", "referral");
    assertThat(channels.get("search")).isEqualTo(visits(n -> n == 1));
    assertThat(channels.get("AI assistants")).isEqualTo(visits(n -> n == 2));
    // A report by referrers does not know campaigns: the visit by cpc has no referrer.
    assertThat(channels.get("direct")).isEqualTo(visits(n -> n == 0 || n == 3));

    // The share of a campaign is of all pageviews, as in every other list.
    JsonNode campaigns = berlin.required("lists").required("campaigns").required(october);
    assertThat(campaigns.required("pageviews")).isEqualTo(list.required("pageviews"));
    assertThat(campaigns.required("rows")).hasSize(1);
    assertThat(data.at("/lists/pages/visits").textValue()).isEqualTo("Entrances");
    assertThat(data.at("/lists/channels/visits").textValue()).isEqualTo("Visits");
    assertThat(data.at("/lists/channels/note").textValue()).contains("utm").contains("paid");
    assertThat(data.at("/lists/pages/note").textValue()).isEmpty();

    JsonNode goal = berlin.required("goals").required(0);
    Map<String, @Nullable Object> conversions =
        truth.rows(TruthQuery.event(BERLIN, HOSTILE_EVENT, OCTOBER, end)).get(0);
    assertThat(goal.required("event").textValue()).isEqualTo(HOSTILE_EVENT);
    assertThat(goal.required("conversions").required(october).longValue())
        .isEqualTo(count(conversions, "conversions"));
    assertThat(goal.required("cents").required(october).longValue())
        .isEqualTo(count(conversions, "value"));
  }

  /** Days that were never fetched are in no list: it says that its sums are those of a part. */
  @Test
  void listsSayWhichDaysTheyLack() throws IOException {
    JsonNode data = DashboardData.of(page);
    for (String site : List.of(BERLIN, "")) {
      JsonNode known = DashboardData.site(data, site).required("known");
      for (String list : List.of("pages", "channels", "campaigns", "goals")) {
        JsonNode ofList = known.required(list);
        assertThat(ofList.required(period(data, "2025-11")).toString())
            .as("%s of November, of which nine days are over", list)
            .isEqualTo("[7,9]");
        assertThat(ofList.required(period(data, "2025-10")).toString()).isEqualTo("[31,31]");
        assertThat(ofList.required(period(data, "2025-09")).toString()).isEqualTo("[2,30]");
      }
    }
  }

  /** Of many sites one may lack a day: the page of all sites says of how many, and names one. */
  @Test
  void theSitesThatLackDaysAreNamed() throws IOException {
    database.execute(
        "CREATE TABLE public.zones AS SELECT site_id, time_zone FROM fathom.site",
        "UPDATE fathom.site SET time_zone = 'Asia/Tokyo' WHERE site_id = '" + NEW_YORK + "'");
    try {
      JsonNode data = DashboardData.of(done("describe", "--format", "dashboard"));
      JsonNode all = DashboardData.site(data, "");
      int october = period(data, "2025-10");
      String name = DashboardData.site(data, NEW_YORK).required("name").textValue();
      String expected = "[1,2,\"" + name + "\"]";
      assertThat(all.required("partial").required(october).toString()).isEqualTo(expected);
      for (String list : List.of("pages", "channels")) {
        assertThat(all.required("lacking").required(list).required(october).toString())
            .as(list)
            .isEqualTo(expected);
      }
    } finally {
      database.execute(
          "UPDATE fathom.site s SET time_zone = z.time_zone FROM public.zones z WHERE z.site_id ="
              + " s.site_id",
          "DROP TABLE public.zones");
    }
    JsonNode data = DashboardData.of(page);
    assertThat(
            DashboardData.site(data, "")
                .required("partial")
                .required(period(data, "2025-10"))
                .toString())
        .isEqualTo("[0,2,\"\"]");
  }

  /** That nothing has measured it does not mean that days do not add up. */
  @Test
  void thatDaysDoNotAddUpIsSaidOnlyWhereItWasMeasured() throws IOException {
    JsonNode site = DashboardData.site(DashboardData.of(page), BERLIN);
    assertThat(site.required("adds").isNull()).as("no month has been compared").isFalse();
    database.execute(
        "CREATE TABLE public.kept AS SELECT * FROM fathom_ops.additivity",
        "DELETE FROM fathom_ops.additivity");
    try {
      assertThat(
              DashboardData.site(
                      DashboardData.of(done("describe", "--format", "dashboard")), BERLIN)
                  .required("adds")
                  .isNull())
          .isTrue();
    } finally {
      database.execute(
          "INSERT INTO fathom_ops.additivity SELECT * FROM public.kept", "DROP TABLE public.kept");
    }
  }

  private interface Visits {
    boolean is(int n);
  }

  /** Returns how many visits of October have one of these numbers within their day. */
  private static long visits(Visits wanted) {
    long visits = 0;
    for (LocalDate d = OCTOBER; d.getMonthValue() == 10; d = d.plusDays(1)) {
      for (int n = 0; d.getDayOfMonth() % 7 != 0 && n < 2 + d.getDayOfMonth() % 4; n++) {
        visits += wanted.is(n) ? 1 : 0;
      }
    }
    return visits;
  }

  // --- The page

  @Test
  void nothingIsLoadedAndNothingFromOutsideIsMarkup() {
    assertThat(page.getBytes(StandardCharsets.UTF_8)).hasSizeLessThan(2_000_000);
    assertThat(page)
        .contains("Content-Security-Policy\" content=\"default-src 'none'; ")
        .contains("Permission is hereby granted, free of charge")
        .doesNotContain("{{");
    // Elements that this page has no use for, and attributes and rules that load something.
    assertThat(Pattern.compile("<(img|link|iframe|object|embed|base|svg)\\b").matcher(page).find())
        .isFalse();
    assertThat(Pattern.compile("<[a-z]+[^>]*\\s(src|href)\\s*=").matcher(page).find()).isFalse();
    assertThat(page).doesNotContain("@import").doesNotContain("url(");
    Matcher scripts = Pattern.compile("<script").matcher(page);
    assertThat(scripts.results().count()).as("data, library, script").isEqualTo(3);
    assertThat(page).doesNotContain("document.title='site'</script>");
  }

  /** What a browser shows: the numbers, and hostile names as the text that they are. */
  @Test
  void aBrowserShowsTheNumbersAndRunsNoNames(@TempDir Path elsewhere)
      throws IOException, InterruptedException {
    String dom = shown(elsewhere, page, "site=" + BERLIN + "&period=2025-10");
    assertThat(dom)
        .contains("<title>&lt;/script&gt;&lt;script&gt;document.title='site'&lt;/script&gt;")
        .contains("&lt;img src=x onerror=")
        .contains("&lt;!--&lt;svg onload=")
        .contains("class=\"u-over\"");
    Map<String, @Nullable Object> october =
        truth
            .rows(TruthQuery.pageviews(BERLIN, OCTOBER, OCTOBER.plusMonths(1).minusDays(1)))
            .get(0);
    assertThat(dom)
        .contains("<span class=\"name\">Visits</span><b>" + count(october, "visits") + "</b>")
        .contains("<span class=\"name\">Pageviews</span><b>" + count(october, "pageviews") + "</b>")
        .doesNotContain("class=\"part\"");
    String part = "<p class=\"part\">Only 7 of 9 days are known for good: ";
    assertThat(shown(elsewhere, page, "site=" + BERLIN + "&period=2025-11").split(part, -1))
        .as("five lists and the goals")
        .hasSize(1 + 6);
  }

  /** What is not known of the period before is not said of the period that is shown. */
  @Test
  void thePeriodOfWhichNotAllDaysAreKnownIsNamed(@TempDir Path elsewhere)
      throws IOException, InterruptedException {
    try (TestDatabase separate = TestDatabase.migrated()) {
      Installation gap =
          new Installation(
                  elsewhere, separate, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
              .pipeline("all", REPORTS.subList(0, 1));
      for (List<String> days :
          List.of(List.of("2025-10-13", "2025-10-20"), List.of("2025-10-27", LAST.toString()))) {
        Installation.Ended ended =
            gap.run("backfill", "all", "--from", days.get(0), "--to", days.get(1));
        assertThat(ended.code()).as(ended.said()).isZero();
      }
      String sites = "Of 2 of 2 sites (the first is ";
      assertThat(shown(elsewhere, gap.run("describe", "--format", "dashboard").out(), ""))
          .contains("Last 14 days: 27 Oct to 9 Nov 2025. The period before is not complete")
          .contains(sites + "&lt;/script&gt;")
          .contains("), not all days from 13 Oct to 26 Oct 2025 are known for good.");
      assertThat(shown(elsewhere, page, "period=2025-11"))
          .contains("Not complete: 7 of 30 days")
          .contains(sites)
          .contains("), not all days from 1 Nov to 9 Nov 2025 are known for good.")
          .doesNotContain("to 30 Nov 2025 are known");
    }
  }

  /** A long name makes no choice wider than a phone, and weeks and months have all columns. */
  @Test
  void nothingIsCutOnAPhone(@TempDir Path elsewhere) throws IOException, InterruptedException {
    String frame =
        """
        <!DOCTYPE html>
        <iframe style="width: 390px; height: 2000px; border: 0" srcdoc="%s"></iframe>
        <script>
        addEventListener("load", function () {
          var inner = document.querySelector("iframe").contentDocument, wide = [];
          inner.querySelectorAll("select, table, .u-legend, .tiles, .choice").forEach(function (e) {
            var box = e.getBoundingClientRect();
            if (e.id !== "reports" && box.right > 390) { wide.push(e.id + e.className + " to " + box.right); }
          });
          document.title = inner.querySelectorAll("#weeks tr").length + " rows, too wide: " + wide.join(", ") + ".";
        });
        </script>
        """;
    String escaped = page.replace("&", "&amp;").replace("\"", "&quot;");
    String dom = shown(elsewhere, frame.formatted(escaped), "");
    assertThat(dom.substring(dom.indexOf("<title>"), dom.indexOf("</title>")))
        .isEqualTo("<title>7 rows, too wide: .");
  }

  /**
   * Returns a page as a browser shows it.
   *
   * @param hash what of the page is shown, as its address has it
   */
  private static String shown(Path elsewhere, String html, String hash)
      throws IOException, InterruptedException {
    String browser =
        Stream.of("chromium", "chromium-browser", "google-chrome")
            .map(name -> Path.of("/usr/bin", name))
            .filter(Files::isExecutable)
            .map(Path::toString)
            .findFirst()
            .orElse("");
    assumeThat(browser).as("a browser to look with").isNotEmpty();
    Path file = Files.writeString(elsewhere.resolve("page.html"), html);
    Path shown = elsewhere.resolve("shown.html");
    Process process =
        new ProcessBuilder(
                browser,
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--user-data-dir=" + elsewhere.resolve("profile"),
                "--virtual-time-budget=2000",
                "--dump-dom",
                file.toUri() + "#" + hash)
            .redirectOutput(shown.toFile())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      assertThat(process.waitFor(120, TimeUnit.SECONDS)).as("the browser ends").isTrue();
    } finally {
      process.destroyForcibly();
    }
    return Files.readString(shown);
  }

  @Test
  void whatCannotBeShownIsSaidWithTheRemedy(@TempDir Path elsewhere) {
    Installation fresh =
        new Installation(elsewhere, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
            .pipeline("all", REPORTS);
    Installation.Ended ended = fresh.run("describe", "--format", "dashboard", "--from-files");
    assertThat(ended.code()).isEqualTo(74);
    assertThat(ended.err()).contains("no run has finished in").contains("fathom-export run");

    fresh.pipeline("all", "all", "[postgres]", REPORTS);
    ended = fresh.run("describe", "--format", "dashboard", "--from-files");
    assertThat(ended.code()).isEqualTo(2);
    assertThat(ended.err()).contains("none of the pipelines has parquet in sinks");

    try (TestDatabase empty = TestDatabase.create()) {
      ended =
          new Installation(elsewhere, empty, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
              .run("describe", "--format", "dashboard");
      assertThat(ended.code()).isEqualTo(78);
      assertThat(ended.err()).contains("fathom_bi.site_day").contains("fathom-export migrate");
    }
  }

  /** What a further field divides is added up again. */
  @Test
  void aReportWithFurtherFieldsFillsTheListsOfItsFields(@TempDir Path elsewhere)
      throws IOException {
    try (TestDatabase separate = TestDatabase.migrated()) {
      Installation wide =
          new Installation(
                  elsewhere, separate, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
              .pipeline(
                  "all",
                  List.of(
                      REPORTS.get(0),
                      Question.pageviews(
                          "origins_daily",
                          "day",
                          "pathname",
                          "country_code",
                          "referrer_hostname",
                          "utm_source",
                          "utm_medium")));
      LocalDate last = OCTOBER.plusDays(9);
      Installation.Ended filled =
          wide.run("backfill", "all", "--from", OCTOBER.toString(), "--to", last.toString());
      assertThat(filled.code()).as(filled.said()).isZero();

      String views = wide.run("describe", "--format", "dashboard").out();
      JsonNode data = DashboardData.of(views);
      JsonNode lists = DashboardData.site(data, BERLIN).required("lists");
      long pageviews = 0;
      for (Map<String, @Nullable Object> row :
          truth.rows(TruthQuery.pageviews(BERLIN, OCTOBER, last).by("day"))) {
        pageviews += count(row, "pageviews");
      }
      int october = period(data, "2025-10");
      for (String list : List.of("pages", "channels", "referrers", "countries")) {
        assertThat(lists.required(list).required(october).required("pageviews").longValue())
            .as(list)
            .isEqualTo(pageviews);
      }
      assertThat(lists.required("campaigns").required(october).required("rows").toString())
          .contains("shop");
      String files = wide.run("describe", "--format", "dashboard", "--from-files").out();
      assertThat(DashboardData.withoutSource(files)).isEqualTo(DashboardData.withoutSource(views));
    }
  }

  /** A referral may have a host name and no source, so an empty source alone says nothing. */
  @Test
  void anEmptySourceWithoutTheHostIsNotDirect(@TempDir Path elsewhere) throws IOException {
    try (TestDatabase separate = TestDatabase.migrated()) {
      Installation sources =
          new Installation(
                  elsewhere, separate, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
              .pipeline(
                  "all",
                  List.of(
                      REPORTS.get(0),
                      Question.pageviews("sources_daily", "day", "referrer_source")));
      Installation.Ended filled =
          sources.run(
              "backfill", "all", "--from", "2025-10-01", "--to", OCTOBER.plusDays(9).toString());
      assertThat(filled.code()).as(filled.said()).isZero();
      String views = sources.run("describe", "--format", "dashboard").out();
      JsonNode data = DashboardData.of(views);
      JsonNode lists = DashboardData.site(data, BERLIN).required("lists");
      for (String list : List.of("channels", "referrers")) {
        List<String> labels = new ArrayList<>();
        lists
            .required(list)
            .required(period(data, "2025-10"))
            .required("rows")
            .forEach(r -> labels.add(r.required(0).textValue()));
        assertThat(labels).as(list).contains("(none)").doesNotContain("direct", "(direct)");
      }
      String files = sources.run("describe", "--format", "dashboard", "--from-files").out();
      assertThat(DashboardData.withoutSource(files)).isEqualTo(DashboardData.withoutSource(views));
    }
  }

  /** Reports of other shapes are no fault: the page leaves out what they cannot say. */
  @Test
  void aPipelineWithoutListsHasAPage(@TempDir Path elsewhere) throws IOException {
    new Installation(elsewhere, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
        .pipeline("all", REPORTS.subList(0, 1));
    Installation.Ended ended =
        new Installation(elsewhere, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
            .run("describe", "--format", "dashboard", "--out", "a page.html");
    assertThat(ended.code()).as(ended.said()).isZero();
    assertThat(ended.out()).contains("Written: a page.html");
    JsonNode data = DashboardData.of(Files.readString(elsewhere.resolve("a page.html")));
    ArrayNode none = JsonNodeFactory.instance.arrayNode();
    assertThat(data.required("lists")).isEmpty();
    assertThat(DashboardData.site(data, BERLIN).required("goals")).isEqualTo(none);
    assertThat(DashboardData.site(data, BERLIN).required("visits")).isNotEmpty();
  }
}
