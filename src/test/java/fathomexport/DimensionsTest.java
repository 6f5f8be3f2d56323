package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.Conversion;
import fathomexport.simulator.world.EventDefinition;
import fathomexport.simulator.world.SimulatedMilestone;
import fathomexport.simulator.world.SimulatedSite;
import fathomexport.simulator.world.World;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the ids in reports stand for, over some nights: sites and events that appear, change and
 * disappear; and what is said of it, once.
 */
class DimensionsTest {
  private static final Question TRAFFIC = Question.pageviews("traffic_daily", "day");
  private static final Question GOALS = Question.events("goals_daily", "day");
  private static final Instant NIGHT = Instant.parse("2026-03-05T12:30:00Z");
  private static final LocalDate YESTERDAY = LocalDate.of(2026, 3, 4);

  @TempDir Path directory;

  private final World world = world();
  private final TestDatabase database = TestDatabase.migrated(List.of(TRAFFIC, GOALS));
  private FathomSimulator api;
  private Installation installation;

  private static World world() {
    World world =
        World.empty()
            .addSite(site("AAAA", "Coffee", "UTC", "2026-03-01T00:00:00Z"))
            .addSite(site("BBBB", "Tea", "Europe/Berlin", "2026-03-01T00:01:00Z"));
    Instant created = Instant.parse("2026-03-01T01:00:00Z");
    world.addEvent("AAAA", new EventDefinition("E1", "buy", "USD", created));
    world.addEvent("AAAA", new EventDefinition("E2", "signup", "USD", created));
    for (String site : List.of("AAAA", "BBBB")) {
      for (int day = 1; day <= 4; day++) {
        Instant noon = Instant.parse("2026-03-0" + day + "T12:00:00Z");
        world.add(site, fathomexport.simulator.world.PageView.at(noon).visit(day));
      }
    }
    world.add("AAAA", Conversion.of("buy", Instant.parse("2026-03-04T12:00:00Z")).worth(100L));
    world.add("AAAA", Conversion.of("signup", Instant.parse("2026-03-04T12:00:00Z")));
    return world;
  }

  private static SimulatedSite site(String id, String name, String zone, String created) {
    return new SimulatedSite(id, name, ZoneId.of(zone), Instant.parse(created));
  }

  @BeforeEach
  void install() throws IOException {
    api = FathomSimulator.start(world, Behaviour.unlimited());
    installation =
        new Installation(
                directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NIGHT)
            .pipeline("nightly", List.of(TRAFFIC, GOALS));
  }

  @AfterEach
  void stop() {
    api.close();
    database.close();
  }

  /** Runs the night after so many others; it must end well. */
  private String night(int later) {
    Installation.Ended ended =
        installation.at(NIGHT.plus(Duration.ofDays(later))).run("run", "nightly");
    assertThat(ended.code()).as(ended.said()).isZero();
    return ended.err();
  }

  private JsonNode status(int later) throws IOException {
    Installation.Ended ended =
        installation.at(NIGHT.plus(Duration.ofDays(later))).run("status", "nightly", "--json");
    assertThat(ended.code()).as(ended.said()).isZero();
    return new ObjectMapper().readTree(ended.out());
  }

  private List<List<@Nullable String>> inPostgres(String columns, String table) {
    List<List<@Nullable String>> rows = new ArrayList<>();
    for (List<@Nullable Object> row :
        database.query("SELECT " + columns + " FROM fathom." + table + " ORDER BY " + columns)) {
      rows.add(row.stream().map(c -> c == null ? "" : c.toString()).toList());
    }
    return rows;
  }

  private List<List<@Nullable String>> inFiles(String columns, String table) {
    List<List<@Nullable String>> rows = new ArrayList<>();
    try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duck.createStatement();
        ResultSet result =
            statement.executeQuery(
                "SELECT %s FROM read_parquet('%s/%s/data.parquet') ORDER BY %s"
                    .formatted(columns, installation.warehouse(), table, columns))) {
      int count = result.getMetaData().getColumnCount();
      while (result.next()) {
        List<String> cells = new ArrayList<>();
        for (int i = 1; i <= count; i++) {
          String cell = result.getString(i);
          cells.add(cell == null ? "" : cell);
        }
        rows.add(List.copyOf(cells));
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return rows;
  }

  private void assertBoth(String columns, String table, List<?>... rows) {
    assertThat(inPostgres(columns, table)).as(table).isEqualTo(Arrays.asList(rows));
    assertThat(inFiles(columns, table)).as("files of " + table).isEqualTo(Arrays.asList(rows));
  }

  @Test
  void sitesEventsAndMilestonesAreTablesInBothSinks() {
    world.putMilestone("BBBB", new SimulatedMilestone("u-1", LocalDate.of(2026, 3, 2), "Launch"));

    assertThat(night(0)).doesNotContain("is new", "retired");

    assertBoth(
        "site_id, name, time_zone",
        "site",
        List.of("AAAA", "Coffee", "UTC"),
        List.of("BBBB", "Tea", "Europe/Berlin"));
    assertBoth(
        "site_id, name, time_zone",
        "site_history",
        List.of("AAAA", "Coffee", "UTC"),
        List.of("BBBB", "Tea", "Europe/Berlin"));
    assertBoth(
        "site_id, event_name, currency",
        "event",
        List.of("AAAA", "buy", "USD"),
        List.of("AAAA", "signup", "USD"));
    assertBoth(
        "site_id, milestone_id, date, name",
        "milestone",
        List.of("BBBB", "u-1", "2026-03-02", "Launch"));
    assertThat(api.log().all())
        .filteredOn(e -> e.request().path().endsWith("/milestones"))
        .hasSize(2);
  }

  @Test
  void theDomainsOfASiteAndARemovedMilestoneFollowTheApi() {
    world.putMilestone("BBBB", new SimulatedMilestone("u-1", LocalDate.of(2026, 3, 2), "Launch"));
    world.putMilestone("BBBB", new SimulatedMilestone("u-2", LocalDate.of(2026, 3, 3), "Relaunch"));
    night(0);
    assertBoth("milestone_id", "milestone", List.of("u-1"), List.of("u-2"));
    assertDomains("", "");

    world.removeMilestone("BBBB", "u-1");
    api.behave(Behaviour.unlimited().withDomainsInSites(true));
    night(1);

    assertBoth("milestone_id", "milestone", List.of("u-2"));
    assertDomains("www.aaaa.example", "www.bbbb.example");
  }

  /** An array in the table, and a text with commas in the files. */
  private void assertDomains(String first, String second) {
    List<List<String>> rows = List.of(List.of("AAAA", first), List.of("BBBB", second));
    assertThat(inPostgres("site_id, array_to_string(domains, ',')", "site")).isEqualTo(rows);
    assertThat(inFiles("site_id, domains", "site")).isEqualTo(rows);
  }

  @Test
  void theOwnersCurrenciesCountWhereTheApiHasNone() throws IOException {
    api.behave(Behaviour.unlimited().withCurrencyUnknown(true).withMilestonesRefused(404));
    String settings = Files.readString(directory.resolve("conf/fathom-export.yaml"));
    installation.settings(
        settings
            + """
            currencies:
              - {currency: EUR}
              - {site: AAAA, event: signup, currency: GBP}
            """);

    assertThat(night(0)).doesNotContain("milestone");

    assertBoth("event_name, currency", "event", List.of("buy", "EUR"), List.of("signup", "GBP"));
    assertBoth("site_id", "milestone");
  }

  /** All amounts of an event have its present currency: nothing tells which had the former one. */
  @Test
  void aCurrencyThatChangesIsSaidOnce() throws IOException {
    String settings = "\ncurrencies:\n  - {site: AAAA, event: signup, currency: ";
    api.behave(Behaviour.unlimited().withCurrencyUnknown(true));
    String before = Files.readString(directory.resolve("conf/fathom-export.yaml"));
    installation.settings(before + settings + "EUR}\n");
    night(0);
    installation.settings(before + settings + "USD}\n");

    assertThat(night(1))
        .contains(
            "site AAAA (Coffee): the currency of the event 'signup' is USD now, it was EUR before."
                + " All its amounts, those of earlier days too, are shown as USD from now on");
    assertThat(night(2)).doesNotContain("currency");
  }

  @Test
  void whatChangesIsSaidOnceAndKeepsItsHistory() throws IOException {
    night(0);
    world.renameSite("AAAA", "Coffee & Cake");
    world.setZone("BBBB", ZoneId.of("Europe/London"));
    world.removeEvent("AAAA", "signup");
    world.addSite(site("CCCC", "Cocoa", "UTC", "2026-01-01T00:00:00Z"));

    String said = night(1);

    assertThat(said)
        .contains("site AAAA (Coffee & Cake) has a new name: it was 'Coffee' before")
        .contains("site BBBB (Tea) has moved from the time zone Europe/Berlin to Europe/London")
        .contains("site AAAA (Coffee & Cake): the event 'signup' (last day " + YESTERDAY + ")")
        .containsPattern(
            "site CCCC \\(Cocoa\\) is new\\. To fetch its history: fathom-export backfill nightly"
                + " --site CCCC --from 2026-01-01 --to 2026-03-01 \\(about [1-9][0-9]* request");
    assertBoth(
        "site_id, name, time_zone, valid_to IS NULL",
        "site_history",
        List.of("AAAA", "Coffee", "UTC", "false"),
        List.of("AAAA", "Coffee & Cake", "UTC", "true"),
        List.of("BBBB", "Tea", "Europe/Berlin", "false"),
        List.of("BBBB", "Tea", "Europe/London", "true"),
        List.of("CCCC", "Cocoa", "UTC", "true"));
    assertThat(night(2))
        .doesNotContain("new name", "has moved", "'signup'", "is new", "no longer listed");

    assertThat(
            database.query(
                "SELECT event_name, max(date) = DATE '"
                    + YESTERDAY
                    + "' FROM fathom_bi.calendar WHERE site_id = 'AAAA' AND report = 'goals_daily'"
                    + " GROUP BY event_name ORDER BY event_name"))
        .containsExactly(List.of("buy", false), List.of("signup", true));
    JsonNode status = status(2);
    for (JsonNode line : status.get("lines")) {
      boolean signup = line.get("event").asText().equals("signup");
      assertThat(line.get("retired").booleanValue()).as(line.toString()).isEqualTo(signup);
      if (signup) {
        assertThat(line.get("attention").booleanValue()).isFalse();
        assertThat(line.get("fresh_to").textValue()).isEqualTo(YESTERDAY.toString());
      }
    }
  }

  @Test
  void aDeletedSiteIsRetiredOnceAndNeverLate() throws IOException {
    night(0);
    world.removeSite("BBBB");

    assertThat(night(1))
        .contains(
            "site BBBB (Tea) is no longer listed by the API and is retired: its history stays"
                + " (last day "
                + YESTERDAY
                + "), and it is not late");
    assertThat(night(9)).doesNotContain("BBBB");

    JsonNode status = status(9);
    assertThat(status.get("sites").intValue()).isEqualTo(1);
    assertThat(status.get("stale")).isEmpty();
    for (JsonNode line : status.get("lines")) {
      if (line.get("site").textValue().equals("BBBB")) {
        assertThat(line.get("retired").booleanValue()).isTrue();
        assertThat(line.get("attention").booleanValue()).isFalse();
        assertThat(line.get("missing").intValue()).isZero();
      }
    }
    assertThat(installation.run("status", "nightly").out())
        .contains("retired, last day " + YESTERDAY);
    assertBoth("site_id", "site", List.of("AAAA"), List.of("BBBB"));
    assertThat(database.query("SELECT site_id, event_name, last_day::text FROM fathom_ops.retired"))
        .containsExactly(List.of("BBBB", "", YESTERDAY.toString()));
    assertThat(
            database.query(
                "SELECT max(date)::text, count(*) FILTER (WHERE state = 'missing')"
                    + " FROM fathom_bi.calendar WHERE site_id = 'BBBB'"))
        .as("the calendar of what is retired ends with its last day")
        .containsExactly(List.of(YESTERDAY.toString(), 0L));
  }

  /** Readers of the database, of the files and of {@code status} learn the same. */
  @Test
  void theLastMonthOfADeletedSiteIsIncompleteEverywhere() throws IOException, SQLException {
    installation.pipeline(
        "nightly", List.of(TRAFFIC, Question.pageviews("traffic_monthly", "month")));
    night(0);
    world.removeSite("BBBB");
    night(1);

    List<List<Object>> states =
        List.of(List.of("AAAA", "provisional"), List.of("BBBB", "incomplete"));
    String march = " WHERE report = 'traffic_monthly' AND %s = DATE '2026-03-01' ORDER BY site_id";
    assertThat(
            database.query(
                "SELECT site_id, state FROM fathom_bi.calendar" + march.formatted("date")))
        .isEqualTo(states);
    List<List<Object>> inFiles = new ArrayList<>();
    try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duck.createStatement();
        ResultSet result =
            statement.executeQuery(
                "SELECT site_id, state FROM '%s/_fathom/coverage.parquet'%s"
                    .formatted(installation.warehouse(), march.formatted("period")))) {
      while (result.next()) {
        inFiles.add(List.of(result.getString(1), result.getString(2)));
      }
    }
    assertThat(inFiles).isEqualTo(states);
    List<List<Object>> inStatus = new ArrayList<>();
    for (JsonNode line : status(1).path("lines")) {
      if (line.path("report").textValue().equals("traffic_monthly")) {
        assertThat(line.path("spans")).hasSize(1);
        inStatus.add(List.of(line.path("site").textValue(), line.at("/spans/0/state").textValue()));
      }
    }
    assertThat(inStatus).containsExactlyInAnyOrderElementsOf(states);
    assertThat(installation.run("status", "nightly", "--check").code()).isZero();
  }

  /** It is neither gone nor exported, which only a person can decide about. */
  @Test
  void aSiteThatIsNotListedButStillThereIsNamedEveryNight() throws IOException {
    night(0);
    Fault onlyCoffee =
        new Fault.Status(
            200,
            "application/json",
            """
            {"object":"list","url":"/v1/sites","has_more":false,"data":[{"id":"AAAA",\
            "object":"site","name":"Coffee","sharing":"none","timezone":"UTC",\
            "created_at":"2026-03-01 00:00:00"}]}""",
            Map.of());
    api.behave(
        Behaviour.unlimited()
            .withFault(FaultRule.when(r -> r.path().endsWith("/sites"), onlyCoffee)));
    String words =
        "site BBBB (Tea) is no longer in the API's list of sites, but not deleted, so `sites: all`"
            + " does not export it any more: ask the owner why, or name the sites to export under"
            + " sites: in pipeline nightly";

    assertThat(night(1)).contains(words);
    Installation.Ended quiet =
        installation.at(NIGHT.plus(Duration.ofDays(2))).run("run", "nightly", "--quiet", "--json");

    assertThat(quiet.code()).as(quiet.said()).isZero();
    assertThat(quiet.err()).contains(words);
    assertThat(new ObjectMapper().readTree(quiet.out()).at("/unlisted/0/site").textValue())
        .isEqualTo("BBBB");
    assertThat(database.query("SELECT * FROM fathom_ops.retired")).isEmpty();
    assertThat(status(2).at("/unlisted")).hasSize(1);
    assertThat(installation.run("status", "nightly").out()).contains("! " + words);
    api.behave(Behaviour.unlimited());
    assertThat(night(3)).doesNotContain("no longer in the API's list");
    assertThat(status(3).at("/unlisted")).isEmpty();
  }

  /** The history is offered until it is fetched, or for 14 days. */
  @Test
  void theHistoryOfANewSiteIsOfferedUntilItIsFetched() throws IOException {
    night(0);
    world.addSite(site("CCCC", "Cocoa", "UTC", "2026-01-01T00:00:00Z"));
    night(1);
    String offer = "~ site CCCC (Cocoa) is new, and no run fetches the history";

    assertThat(status(2).at("/new_sites/sites/0").textValue()).isEqualTo("CCCC (Cocoa)");
    Installation.Ended second =
        installation.at(NIGHT.plus(Duration.ofDays(2))).run("run", "nightly");
    assertThat(second.out()).contains(offer);
    String status = installation.run("status", "nightly").out();
    assertThat(status)
        .contains(offer)
        .contains("fathom-export backfill nightly --site CCCC --from 2026-01-01 --to 2026-03-01\n");
    assertThat(installation.at(NIGHT.plus(Duration.ofDays(16))).run("status", "nightly").out())
        .doesNotContain(offer);

    installation.at(NIGHT.plus(Duration.ofDays(2)));
    Installation.Ended fetched =
        installation.run(
            "backfill", "nightly", "--site", "CCCC", "--from", "2026-01-01", "--to", "2026-03-01");
    assertThat(fetched.code()).as(fetched.said()).isZero();
    assertThat(installation.run("status", "nightly").out()).doesNotContain(offer);
  }

  /** What takes long and only informs is left to the next run. */
  @Test
  void aRunThatIsAskedToStopLooksForNoHistory() throws IOException {
    night(0);
    world.addSite(site("CCCC", "Cocoa", "UTC", "2026-01-01T00:00:00Z"));
    night(1);
    Installation.Ended stopped =
        installation
            .at(NIGHT.plus(Duration.ofDays(2)))
            .runUntil(api, r -> r.aggregation() > 0, "run", "nightly");

    assertThat(stopped.code()).as(stopped.said()).isEqualTo(143);
    assertThat(stopped.said()).doesNotContain("no run fetches the history");
    assertThat(status(2).at("/new_sites/sites/0").textValue()).isEqualTo("CCCC (Cocoa)");
  }

  /** A monthly report begins with its month, which is no reason to leave out days before it. */
  @Test
  void theOfferedHistoryEndsWhereTheLastOfTheReportsBegins() {
    installation.pipeline(
        "nightly", List.of(TRAFFIC, Question.pageviews("traffic_monthly", "month")));
    night(0);
    world.addSite(site("CCCC", "Cocoa", "UTC", "2026-01-01T00:00:00Z"));
    world.addSite(site("DDDD", "Mate", "UTC", "2026-03-02T00:00:00Z"));

    String said = night(20);
    String status = installation.run("status", "nightly").out();

    for (String command :
        List.of(
            "fathom-export backfill nightly --site CCCC --from 2026-01-01 --to 2026-03-20",
            "fathom-export backfill nightly --site DDDD --from 2026-03-02 --to 2026-03-20")) {
      assertThat(said).containsPattern(command + " \\(about [1-9][0-9]* request");
      assertThat(status).contains(command + "\n");
    }
  }

  /** A list that lacks a site which still answers was cut off: nothing is retired. */
  @Test
  void aTokenThatSeesFewerSitesRetiresOnlyWhatItCannotRead() {
    night(0);
    api.behave(
        Behaviour.unlimited()
            .withTokens(
                new SimulatorToken(
                    SimulatorToken.STANDARD.secret(), "owner", Set.of("AAAA", "BBBB"))));
    installation.pipeline("nightly", "[AAAA, BBBB]", "[postgres, parquet]", List.of(TRAFFIC));

    assertThat(night(1)).doesNotContain("retired");

    assertThat(database.query("SELECT * FROM fathom_ops.retired")).isEmpty();
    assertBoth("site_id", "site", List.of("AAAA"), List.of("BBBB"));
  }

  /** A part of the pipeline says nothing of what it does not list. */
  @Test
  void aRunOfAPartUpdatesWhatItHasReadAndRetiresNothing() {
    night(0);
    world.renameSite("AAAA", "Cake").renameSite("BBBB", "Milk").removeEvent("AAAA", "signup");
    installation.at(NIGHT.plus(Duration.ofDays(1)));

    Installation.Ended part = installation.run("run", "nightly", "--site", "AAAA");
    assertThat(part.code()).as(part.said()).isZero();
    assertThat(part.err())
        .contains("AAAA (Cake) has a new name: it was 'Coffee'")
        .contains("has a new name: it was 'Tea'")
        .doesNotContain("retired");
    assertBoth("name", "site", List.of("Cake"), List.of("Milk"));
    assertThat(database.query("SELECT * FROM fathom_ops.retired")).isEmpty();

    // A site that is gone from the list is for the whole pipeline to judge, and so is an event.
    world.removeSite("BBBB");
    assertThat(
            installation
                .at(NIGHT.plus(Duration.ofDays(2)))
                .run("run", "nightly", "--site", "AAAA", "--report", "traffic_daily")
                .code())
        .isZero();
    assertThat(database.query("SELECT * FROM fathom_ops.retired")).isEmpty();
    assertThat(night(3))
        .contains("BBBB (Milk) is no longer listed")
        .contains("'signup'")
        .doesNotContain("has a new name");
  }

  @Test
  void theCommandSitesUpdatesWhatARunHasPrepared() {
    assertThat(installation.run("sites").code()).isZero();
    assertThat(Files.exists(installation.warehouse())).as("nothing is prepared yet").isFalse();
    night(0);
    world.renameSite("AAAA", "Cake");

    assertThat(installation.at(NIGHT.plusSeconds(60)).run("sites").code()).isZero();

    assertBoth("site_id, name", "site", List.of("AAAA", "Cake"), List.of("BBBB", "Tea"));
  }

  /** Nothing that is stored of reports depends on these tables. */
  @Test
  void anExportContinuesWithoutThem() throws IOException {
    night(0);
    database.execute("ALTER TABLE fathom.event ADD CHECK (last_seen_at < '2026-03-05T13:00Z')");
    Files.writeString(
        installation.warehouse().resolve("site/data.parquet"), "not a file of fathom-export");

    assertThat(night(1))
        .contains("the export continues without: PostgreSQL at")
        .contains("the export continues without: cannot write the files")
        .contains("site/data.parquet");

    assertThat(database.query("SELECT max(date)::text FROM fathom.traffic_daily"))
        .containsExactly(List.of(YESTERDAY.toString()));
    assertThat(
            database.query(
                "SELECT count(*) FROM fathom_ops.ledger WHERE period = '2026-03-05' AND stored"))
        .isNotEqualTo(List.of(List.of(0L)));
  }

  /** A database and files of a version in which a report could still be called so. */
  @Test
  void aReportOfAReservedNameIsToBeRenamedFirst() throws IOException {
    night(0);
    database.execute(
        "DROP TABLE fathom.site, fathom_ops.listing, fathom_ops.milestone_check CASCADE");
    database.execute("DROP TABLE fathom.site_history, fathom.event, fathom.milestone CASCADE");
    database.execute("DELETE FROM fathom_ops.schema_history WHERE version = '010'");
    database.execute("CREATE TABLE fathom.site (site_id text, date date, visits bigint)");
    database.execute(
        "INSERT INTO fathom_ops.report (report, entity, date_grouping, grain)"
            + " VALUES ('site', 'pageview', 'day', '{site_id,date}')");

    Installation.Ended refused = installation.run("run", "nightly");

    assertThat(refused.code()).as(refused.said()).isEqualTo(78);
    assertThat(refused.err())
        .contains("fathom.site")
        .contains("ALTER TABLE fathom.site RENAME TO site_daily")
        .contains("name: site_daily");
    Files.createDirectories(installation.warehouse().resolve("event/site_id=AAAA"));
    installation.pipeline("files", "all", "[parquet]", List.of(TRAFFIC));
    Installation.Ended files = installation.run("run", "files");
    assertThat(files.code()).as(files.said()).isEqualTo(78);
    assertThat(files.err()).contains("event").contains("event_daily");
  }

  @Test
  void thePlanSaysWhatIsAskedWithoutBeingBilled() {
    assertThat(installation.run("plan", "nightly").out()).contains("not billed", "milestones");
    assertThat(api.log().aggregations()).isEmpty();
  }
}
