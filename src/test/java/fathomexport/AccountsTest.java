package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.RequestLog;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.Quota;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.Conversion;
import fathomexport.simulator.world.World;
import fathomexport.testing.DocumentedTable;
import fathomexport.testing.Fixture;
import fathomexport.testing.Installation;
import fathomexport.testing.Landed;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import fathomexport.testing.TimeOfEachThread;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Several accounts in one pipeline, side by side: their sites, quotas, budgets and failures. */
class AccountsTest {
  private static final Instant NOW = Instant.parse("2026-06-20T12:00:00Z");
  private static final LocalDate FIRST = LocalDate.of(2026, 6, 1);
  private static final LocalDate LAST = LocalDate.of(2026, 6, 19);
  private static final Question TRAFFIC = Question.pageviews("traffic_daily", "day");
  private static final Question PAGES = Question.pageviews("pages_daily", "day", "pathname");
  private static final Question GOALS = Question.events("goals_daily", "day");
  private static final List<Question> BOTH = List.of(TRAFFIC, PAGES);
  private static final Set<String> OF_AGENCY = Set.of("AGENCYA", "AGENCYB");
  private static final Set<String> OF_SHOP = Set.of("SHOPA", "SHOPB");

  @TempDir Path directory;
  @RegisterExtension final Fixture fixture = new Fixture();

  private final World world = world(List.of("AGENCYA", "AGENCYB", "SHOPA", "SHOPB"));
  private final SimulatorToken agency =
      SimulatorToken.ofAccount("token-of-agency", "agency", OF_AGENCY);
  private final SimulatorToken shop = SimulatorToken.ofAccount("token-of-shop", "shop", OF_SHOP);
  private final Behaviour normal = Behaviour.unlimited().withTokens(agency, shop);
  private FathomSimulator api;
  private TestDatabase database;
  private Installation installation;

  /** Sites with some visits on each day. */
  private static World world(List<String> sites) {
    World world = World.empty();
    for (String site : sites) {
      world.addSite(site, ZoneOffset.UTC);
      FIRST
          .datesUntil(LAST.plusDays(1))
          .forEach(
              day ->
                  IntStream.range(0, 1 + day.getDayOfMonth() % 3)
                      .forEach(n -> world.add(site, world.viewAt(site, day.atTime(9 + n, 0)))));
    }
    return world;
  }

  @BeforeEach
  void start() throws IOException {
    api = fixture.api(world, normal, InstantSource.fixed(NOW));
    database = fixture.database(BOTH);
    installation =
        new Installation(directory, database, api.baseUri(), agency.secret(), NOW)
            .variable("AGENCY_TOKEN", agency.secret())
            .variable("SHOP_TOKEN", shop.secret())
            .pipeline("all", BOTH);
    settings("");
  }

  /** Writes settings with both accounts. */
  private void settings(String moreOfAgency) {
    settings(moreOfAgency, "  - name: shop\n    token: {env: SHOP_TOKEN}\n");
  }

  private void settings(String moreOfAgency, String others) {
    installation.settings(
        """
        api:
          base_url: %s
          requests_per_minute: 1000
          patience: 1s
        accounts:
          - name: agency
            token: {env: AGENCY_TOKEN}
        %s%spostgres:
          url: %s
          user: %s
          password: {env: %s}
        parquet:
          root: warehouse
        """
            .formatted(
                api.baseUri(),
                moreOfAgency,
                others,
                database.url(),
                database.user(),
                TestDatabase.PASSWORD_VARIABLE));
  }

  private Installation.Ended ended(int code, String... arguments) {
    Installation.Ended ended = installation.run(arguments);
    assertThat(ended.code()).as(ended.said()).isEqualTo(code);
    return ended;
  }

  private Installation.Ended backfill(int code, String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of("backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString()));
    arguments.addAll(List.of(more));
    return ended(code, arguments.toArray(new String[0]));
  }

  /** Compares both sinks with the visits of these sites. */
  private void assertStored(Set<String> sites) {
    for (Question report : BOTH) {
      List<List<@Nullable Object>> expected = new ArrayList<>();
      for (String site : sites.stream().sorted().toList()) {
        expected.addAll(report.expected(world, api.truth(), site, FIRST, LAST));
      }
      assertThat(expected).isNotEmpty();
      assertThat(Landed.differences(expected, Landed.inPostgres(database, report))).isEmpty();
      assertThat(Landed.differences(expected, Landed.inParquet(installation.warehouse(), report)))
          .isEmpty();
    }
  }

  private static Set<String> all() {
    return Set.of("AGENCYA", "AGENCYB", "SHOPA", "SHOPB");
  }

  private List<RequestLog.Entry> asked(Set<String> sites) {
    return api.log().all().stream()
        .filter(e -> e.request().aggregation() > 0)
        .filter(e -> sites.contains(e.request().parameter("entity_id")))
        .toList();
  }

  @Test
  void eachSiteIsExportedWithItsAccountsTokenAndSaysWhoseItIs() {
    Installation.Ended run = backfill(0);
    assertStored(all());
    assertThat(run.err().lines().filter(line -> line.contains("\"event\":\"window\"")))
        .isNotEmpty()
        .allMatch(
            line ->
                line.contains("\"account\":\"agency\"") == line.contains("\"site\":\"AGENCY")
                    && line.contains("\"account\":\"shop\"") == line.contains("\"site\":\"SHOP"));
    for (String account : List.of("agency", "shop")) {
      String like = account.toUpperCase(Locale.ROOT) + "_";
      assertThat(
              database.query(
                  "SELECT site_id FROM fathom.site WHERE account = '" + account + "' ORDER BY 1"))
          .as(account)
          .isEqualTo(
              database.query(
                  "SELECT site_id FROM fathom.site WHERE site_id LIKE '" + like + "' ORDER BY 1"))
          .hasSize(2);
    }
    assertThat(
            database.query(
                "SELECT DISTINCT account, left(site_id, 4) FROM fathom_ops.ledger ORDER BY 1"))
        .hasSize(2);
    assertThat(ended(0, "status", "all").out()).contains("agency / AGENCYA", "shop / SHOPB");
    assertThat(ended(0, "status", "all", "--json").out()).contains("\"site_accounts\"");
    // Requests are counted on the database's day, which is not that of this installation.
    database.execute("UPDATE fathom_ops.request_count SET day = '2026-06-20'");
    List<Object> billed =
        database
            .query(
                "SELECT sum(requests)::bigint FROM fathom_ops.request_count GROUP BY account ORDER BY account")
            .stream()
            .map(row -> row.get(0))
            .toList();
    assertThat(billed).hasSize(2).doesNotContain(0L);
    assertThat(ended(0, "status", "all").out())
        .contains("this month by account: agency %s, shop %s".formatted(billed.toArray()));
    assertThat(ended(0, "sites").out())
        .containsPattern("AGENCYA .* agency")
        .containsPattern("SHOPB .* shop");
    assertThat(
            ended(0, "plan", "all", "--from", "2026-06-01", "--to", "2026-06-19", "--force").out())
        .contains("agency / AGENCYA", "Account   agency: likely ", "Account   shop: likely ");
    assertThat(ended(0, "check", "all").out())
        .contains(
            "account agency: found (accounts[0].token)",
            "account shop: found (accounts[1].token)",
            "account agency: the token reads reports",
            "account shop: the token reads reports");
    assertThat(ended(0, "explain", "pages_daily", "SHOPA", FIRST.toString()).out().lines())
        .filteredOn(line -> line.strip().equals("account     shop"))
        .as("one per sink")
        .hasSize(2);
    ended(0, "verify", "all", "--from", "2026-06-01", "--to", "2026-06-19");
    ended(0, "snapshot", "all");
    assertThat(database.query("SELECT DISTINCT site_id FROM fathom.current_visitors")).hasSize(4);
  }

  @Test
  void aRefusedTokenStopsOnlyItsOwnSites() {
    api.behave(normal.withTokens(agency));
    Installation.Ended run = backfill(77);
    assertStored(OF_AGENCY);
    assertThat(run.said()).contains("account shop: ", "401", "accounts[1].token in the settings");
    assertThat(asked(OF_SHOP)).isEmpty();
    assertThat(ended(77, "sites").said())
        .contains("AGENCYA", "account shop: ", "accounts[1].token");
    String checked = ended(77, "check", "all").out();
    assertThat(checked).contains("account shop", "401");
    assertThat(checked.lines().filter(line -> line.startsWith("FAILED"))).hasSize(1);
    assertThat(checked)
        .endsWith(
            "A run can start, without the sites of account shop until this is mended."
                + System.lineSeparator());
    assertThat(
            ended(77, "plan", "all", "--from", "2026-06-01", "--to", "2026-06-19", "--force").out())
        .contains("the quotas of the accounts, side by side, without account shop")
        .contains("pageviews once, without account shop");
    assertThat(run.out())
        .contains("4 planned, 4 committed\n", "accounts  1 could not be asked")
        .doesNotContain("1 failed");
    assertThat(ended(77, "verify", "all", "--from", "2026-06-01", "--to", "2026-06-19").said())
        .contains("account shop: ");
    // A command that names a site of the other account is not concerned.
    backfill(0, "--force", "--site", "AGENCYA");
    assertThat(backfill(77, "--site", "SHOPA").said()).contains("accounts[1].token");
    // With the token's return, the next run fetches what is missing.
    api.behave(normal);
    backfill(0);
    assertStored(all());
  }

  @Test
  void anEndedSubscriptionIsNotMendedByAToken() {
    api.behave(normal.withFault(FaultRule.when(request -> true, Fault.status(402))));
    assertThat(ended(77, "check", "all").out())
        .contains(
            "renew the account's subscription", "No run can succeed before these 2 are mended.")
        .doesNotContain("make a token");
  }

  @Test
  void aSiteThatItsAccountCannotReadStopsNoOther() {
    settings("    sites: [AGENCYA, AGENCYB, GONE]\n");
    String checked = ended(77, "check", "all").out();
    assertThat(checked)
        .contains("site GONE: account agency: ", "404", "account agency: 2: AGENCYA")
        .endsWith(
            "A run can start, without site GONE until this is mended." + System.lineSeparator());
    backfill(77);
    assertStored(all());
    api.behave(normal.withTokens(agency));
    assertThat(ended(77, "check", "all").out())
        .endsWith(
            "A run can start, without the sites of account shop and without site GONE until these"
                + " 2 are mended."
                + System.lineSeparator());
  }

  @Test
  void theSitesOfAnAccountThatIsTakenOutOfTheSettingsAreRetired() {
    assertThat(ended(0, "run", "all").code()).isZero();
    settings("", "");
    int before = api.log().all().size();
    String words =
        "account shop is no longer in the settings: its 2 sites (SHOPA, SHOPB) are retired";
    assertThat(ended(0, "run", "all").out()).contains(words);
    assertThat(api.log().all().subList(before, api.log().all().size()))
        .noneMatch(e -> e.request().path().contains("SHOP"));
    assertThat(ended(0, "run", "all").out()).as("once").doesNotContain(words);
    assertThat(ended(0, "status", "all").out()).doesNotContain("no longer in the API's list");
  }

  @Test
  void aMissingTokenStopsOnlyItsOwnSites() {
    installation.withoutVariable("SHOP_TOKEN");
    assertThat(backfill(77).said())
        .contains("account shop: accounts[1].token: environment variable SHOP_TOKEN is not set");
    assertStored(OF_AGENCY);
    assertThat(ended(77, "check", "all").out()).contains("accounts[1].token", "SHOP_TOKEN");
  }

  @Test
  void aSubscriptionThatEndsDuringTheNightEndsTheQueriesOfItsAccount() {
    for (Fault end :
        List.of(
            Fault.status(402),
            new Fault.Status(
                400,
                "application/json",
                "{\"error\":\"Your subscription has lapsed.\"}",
                Map.of()))) {
      api.behave(
          normal.withFault(
              FaultRule.when(
                  request ->
                      request.aggregation() > 0
                          && OF_SHOP.contains(String.valueOf(request.parameter("entity_id"))),
                  end)));
      int before = asked(OF_SHOP).size();
      assertThat(backfill(77, "--force").said())
          .contains("account shop: ", "accounts[1].token", "halted for account shop");
      assertThat(asked(OF_SHOP)).as("one request found out").hasSize(before + 1);
      assertStored(OF_AGENCY);
    }
  }

  @Test
  void aLongWaitOfOneAccountIsNoneOfTheOthers() {
    api.behave(
        normal.withFault(
            FaultRule.when(
                request ->
                    request.aggregation() > 0
                        && OF_SHOP.contains(String.valueOf(request.parameter("entity_id"))),
                Fault.tooMany("86400"))));
    assertThat(backfill(75).said()).contains("halted for account shop");
    assertStored(OF_AGENCY);
  }

  /** Sites with visits and one event each. */
  private static World worldWithEvents(Set<String> sites) {
    World events = world(sites.stream().sorted().toList());
    sites.forEach(
        site -> {
          events.addEvent(site, "signup");
          events.add(site, Conversion.of("signup", LAST.atTime(9, 0).toInstant(ZoneOffset.UTC)));
        });
    return events;
  }

  /** An installation with files alone, in which a wait takes no time. */
  private Installation onFiles(FathomSimulator server, TimeOfEachThread time, String tokens) {
    return new Installation(directory.resolve("own"), database, server.baseUri(), "unused", NOW)
        .on(time)
        .variable("AGENCY_TOKEN", agency.secret())
        .variable("SHOP_TOKEN", shop.secret())
        .pipeline("goals", "all", "[parquet]", List.of(TRAFFIC, GOALS))
        .settings(
            """
            api:
              base_url: %s
              requests_per_minute: 1000
            %sparquet: {root: warehouse}
            """
                .formatted(server.baseUri(), tokens));
  }

  private static final String BOTH_ACCOUNTS =
      """
      accounts:
        - {name: agency, token: {env: AGENCY_TOKEN}}
        - {name: shop, token: {env: SHOP_TOKEN}}
      """;

  private static final String SHOP_ALONE = "  token: {env: SHOP_TOKEN}\n";

  private static Installation.Ended backfillGoals(
      int code, Installation own, List<String> options) {
    List<String> arguments =
        new ArrayList<>(
            List.of("backfill", "goals", "--from", FIRST.toString(), "--to", LAST.toString()));
    arguments.addAll(options);
    Installation.Ended ended = own.run(arguments.toArray(new String[0]));
    assertThat(ended.code()).as(ended.said()).isEqualTo(code);
    return ended;
  }

  private static void assertInFiles(
      FathomSimulator server, World events, Installation own, Set<String> sites) {
    for (Question report : List.of(TRAFFIC, GOALS)) {
      List<List<@Nullable Object>> expected = new ArrayList<>();
      for (String site : sites.stream().sorted().toList()) {
        expected.addAll(report.expected(events, server.truth(), site, FIRST, LAST));
      }
      assertThat(expected).isNotEmpty();
      assertThat(
              Landed.differences(
                  expected,
                  Landed.inParquet(own.warehouse(), report).stream()
                      .filter(row -> sites.contains(String.valueOf(row.get(0))))
                      .toList()))
          .isEmpty();
    }
  }

  private static List<RequestLog.Entry> eventLists(FathomSimulator server) {
    return server.log().all().stream()
        .filter(e -> e.request().path().endsWith("/events"))
        .filter(e -> e.request().path().contains("SHOP"))
        .toList();
  }

  /** Whichever list it is, whatever the API asks for, and whatever wait the run accepts. */
  @ParameterizedTest
  @Timeout(120)
  @CsvSource({
    "/v1/sites, 40, false",
    "/v1/sites, 20, false",
    "/v1/sites, 600, false",
    "/v1/sites, 7200, true",
    "/events, 40, false",
    "/events, 20, true",
    "/events, 600, false",
    "/events, 7200, true"
  })
  void theOthersWaitAMinuteAtMostForTheListsOfOneAccount(
      String list, String retryAfter, boolean waiting) throws IOException {
    World events = worldWithEvents(all());
    TimeOfEachThread time = new TimeOfEachThread(NOW);
    try (FathomSimulator server =
        FathomSimulator.start(
            events,
            normal.withFault(
                FaultRule.when(request -> request.path().endsWith(list), Fault.tooMany(retryAfter))
                    .of("shop")))) {
      Installation own = onFiles(server, time, BOTH_ACCOUNTS);
      List<String> options = waiting ? List.of("--wait") : List.of();
      Installation.Ended run = backfillGoals(75, own, options);
      assertThat(time.longest()).isLessThanOrEqualTo(Duration.ofSeconds(62));
      assertThat(run.said())
          .contains("account shop: ", "no more than 60 s in all")
          .doesNotContain("or now with");
      assertThat(run.said().lines().filter(line -> line.contains("no more than 60 s")))
          .as("once on the screen and once in the log")
          .hasSizeLessThanOrEqualTo(2);
      assertInFiles(server, events, own, OF_AGENCY);
      server.behave(normal);
      backfillGoals(0, own, List.of());
      assertInFiles(server, events, own, all());
    }
  }

  /** A token that is refused for one list is refused for all of them. */
  @Test
  void aTokenThatIsRefusedForOneListIsNotSentForTheOthers() throws IOException {
    World events = worldWithEvents(all());
    for (String accounts : List.of(BOTH_ACCOUNTS, SHOP_ALONE)) {
      try (FathomSimulator server =
          FathomSimulator.start(
              events,
              normal.withFault(
                  FaultRule.when(request -> request.path().endsWith("/events"), Fault.status(401))
                      .of("shop")))) {
        Installation own = onFiles(server, new TimeOfEachThread(NOW), accounts);
        Installation.Ended run = backfillGoals(77, own, List.of("--force"));
        assertThat(eventLists(server).size()).isEqualTo(1);
        assertThat(run.said()).contains("and of 1 more");
      }
    }
  }

  /**
   * A run that waits has no patience that ends: what all event lists of an account have in common
   * is found out from three of them.
   */
  @Test
  void aRunThatWaitsDoesNotAskEachSiteForTheListThatTheAccountDoesNotHave() throws IOException {
    Set<String> sites = shops(20);
    World events = worldWithEvents(sites);
    for (Fault fault : List.of(Fault.tooMany("40"), Fault.status(503))) {
      try (FathomSimulator server = shopWithoutEvents(events, sites, ".*/events", fault)) {
        Installation own = onFiles(server, new TimeOfEachThread(NOW), SHOP_ALONE);
        Installation.Ended run = backfillGoals(75, own, List.of("--wait", "--force"));
        assertThat(eventLists(server).size()).as("five requests of three sites").isEqualTo(15);
        assertThat(run.said()).contains("and of 19 more");
      }
    }
  }

  /** The event lists of two neighbouring sites are broken: that is no other site's trouble. */
  @Test
  void twoSitesWhoseEventsCannotBeListedAreNoOtherSitesTrouble() throws IOException {
    Set<String> sites = shops(6);
    World events = worldWithEvents(sites);
    for (List<String> options : List.of(List.of("--force"), List.of("--force", "--wait"))) {
      try (FathomSimulator server =
          shopWithoutEvents(events, sites, ".*/SHOP0[12]/events", Fault.status(500))) {
        Installation own = onFiles(server, new TimeOfEachThread(NOW), SHOP_ALONE);
        Installation.Ended run = backfillGoals(75, own, options);
        assertThat(run.said()).doesNotContain("more:");
        assertInFiles(server, events, own, Set.of("SHOP00", "SHOP03", "SHOP04", "SHOP05"));
      }
    }
  }

  private static Set<String> shops(int number) {
    return IntStream.range(0, number).mapToObj("SHOP%02d"::formatted).collect(Collectors.toSet());
  }

  /** An API with one account, which answers requests for these paths with a fault. */
  private FathomSimulator shopWithoutEvents(
      World world, Set<String> sites, String paths, Fault fault) throws IOException {
    return FathomSimulator.start(
        world,
        Behaviour.unlimited()
            .withTokens(SimulatorToken.ofAccount(shop.secret(), "shop", sites))
            .withFault(FaultRule.when(request -> request.path().matches(paths), fault)));
  }

  @Test
  void theBudgetIsEachAccountsOwn() {
    backfill(75, "--max-requests", "1");
    assertThat(asked(OF_AGENCY)).hasSize(1);
    assertThat(asked(OF_SHOP)).hasSize(1);
    backfill(0);
    assertStored(all());
  }

  @Test
  void aSiteOfTwoAccountsIsExportedOnceByTheFirstOrByTheOneThatNamesIt() {
    SimulatorToken both =
        SimulatorToken.ofAccount("token-of-shop", "shop", Set.of("SHOPA", "SHOPB", "AGENCYB"));
    api.behave(normal.withTokens(agency, both));
    assertThat(backfill(0).said())
        .contains("site AGENCYB is listed by the accounts agency and shop, and exported by agency");
    assertStored(all());
    assertThat(database.query("SELECT account FROM fathom.site WHERE site_id = 'AGENCYB'"))
        .containsExactly(List.of("agency"));
    settings("    sites: [AGENCYA]\n");
    assertThat(backfill(0, "--force").said()).doesNotContain("is listed by the accounts");
    assertThat(database.query("SELECT account FROM fathom.site WHERE site_id = 'AGENCYB'"))
        .containsExactly(List.of("shop"));
    assertStored(all());
  }

  /** Tokens of single sites cannot list them: the settings name the sites of each. */
  @Test
  void tokensThatListNothingReadTheSitesThatAreNamed() {
    api.behave(
        normal.withTokens(
            new SimulatorToken(agency.secret(), "agency", OF_AGENCY, OF_AGENCY), shop));
    settings("    sites: [AGENCYA, AGENCYB]\n");
    backfill(0);
    assertStored(all());
    installation.pipeline("all", "[SHOPB, AGENCYB]", "[postgres, parquet]", BOTH);
    settings("");
    backfill(0, "--force");
    assertStored(all());
  }

  /** Without accounts, nothing says that there could be any. */
  @Test
  void withoutAccountsNothingNamesThem() {
    api.behave(normal.withTokens(SimulatorToken.STANDARD));
    installation
        .variable(Installation.TOKEN_VARIABLE, SimulatorToken.STANDARD.secret())
        .settings(1_000);
    assertThat(backfill(0).said()).doesNotContain("account");
    assertStored(all());
    assertThat(database.query("SELECT count(account) FROM fathom.site"))
        .containsExactly(List.of(0L));
    assertThat(database.query("SELECT count(account) FROM fathom_ops.ledger"))
        .containsExactly(List.of(0L));
    assertThat(ended(0, "status", "all", "--json").out()).doesNotContain("site_accounts");
    assertThat(ended(0, "plan", "all", "--json").out()).doesNotContain("account");
    assertThat(ended(0, "sites", "--json").out()).doesNotContain("account");
    assertThat(ended(0, "sites").out().lines().findFirst().orElseThrow())
        .matches("id +name +timezone");
    for (Map.Entry<Path, byte[]> file :
        Landed.files(installation.warehouse().resolve("pages_daily")).entrySet()) {
      assertThat(new String(file.getValue(), StandardCharsets.ISO_8859_1))
          .as(file.getKey().toString())
          .doesNotContain("\"account\"");
    }
  }

  private static String minutes(Map<Integer, Duration> took, int accounts) {
    return String.valueOf(took.getOrDefault(accounts, Duration.ZERO).toMinutes());
  }

  /** Two hundred sites, one request each: the quota of ten a minute is what takes the time. */
  @Test
  void fourAccountsTakeAQuarterOfTheTime() throws IOException {
    List<String> sites = IntStream.range(0, 200).mapToObj(n -> "SITE" + n).toList();
    Map<Integer, Duration> took = new LinkedHashMap<>();
    for (int accounts : List.of(1, 4)) {
      World many = World.empty();
      sites.forEach(
          site -> {
            many.addSite(site, ZoneOffset.UTC);
            many.add(site, many.viewAt(site, LAST.atTime(9, 0)));
          });
      SimulatorToken[] tokens =
          IntStream.range(0, accounts)
              .mapToObj(
                  account ->
                      SimulatorToken.ofAccount(
                          "token" + account,
                          "user" + account,
                          IntStream.range(0, sites.size())
                              .filter(n -> n % accounts == account)
                              .mapToObj(sites::get)
                              .collect(Collectors.toSet())))
              .toArray(SimulatorToken[]::new);
      try (FathomSimulator server =
          FathomSimulator.start(
              many,
              Behaviour.unlimited()
                  .withTokens(tokens)
                  .withMilestonesRefused(404)
                  .withReportsQuota(Quota.none()))) {
        Path home = directory.resolve("of-" + accounts);
        TimeOfEachThread time = new TimeOfEachThread(NOW);
        Installation own =
            new Installation(home, database, server.baseUri(), "unused", NOW)
                .on(time)
                .pipeline("all", "all", "[parquet]", List.of(TRAFFIC))
                .settings(
                    "api: {base_url: '"
                        + server.baseUri()
                        + "'}\naccounts:\n"
                        + Arrays.stream(tokens)
                            .map(
                                t ->
                                    "  - {name: "
                                        + t.user()
                                        + ", token: {env: "
                                        + t.user().toUpperCase(Locale.ROOT)
                                        + "}}\n")
                            .collect(Collectors.joining())
                        + "parquet: {root: warehouse}\n");
        Arrays.stream(tokens)
            .forEach(t -> own.variable(t.user().toUpperCase(Locale.ROOT), t.secret()));
        Installation.Ended run = own.run("run", "all");
        assertThat(run.code()).as(run.said()).isZero();
        assertThat(server.log().all().stream().filter(e -> e.request().aggregation() > 0).count())
            .isEqualTo(200);
        took.put(accounts, time.longest());
      }
    }
    double ratio =
        (double) took.getOrDefault(4, Duration.ZERO).toSeconds()
            / took.getOrDefault(1, Duration.ZERO).toSeconds();
    System.out.printf("200 sites: %s, ratio %.3f%n", took, ratio);
    assertThat(took.get(1)).isGreaterThanOrEqualTo(Duration.ofMinutes(19));
    assertThat(took.get(4)).isGreaterThanOrEqualTo(Duration.ofMinutes(4));
    assertThat(ratio).isLessThanOrEqualTo(0.27);
    new DocumentedTable(Path.of("docs/accounts.md"), "accounts")
        .hasRows(
            List.of("accounts", "minutes", "÷ one account's time"),
            List.of(
                List.of("1", minutes(took, 1), "1.00"),
                List.of("4", minutes(took, 4), String.format(Locale.ROOT, "%.2f", ratio))));
  }
}
