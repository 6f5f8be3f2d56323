package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.PageView;
import fathomexport.simulator.world.SimulatedSite;
import fathomexport.simulator.world.World;
import fathomexport.testing.Fixture;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * Accounts that lapse, have no sites, share one or lose their last one, and sites that no token
 * knows: {@code run}, {@code status}, {@code plan} and {@code check} each say what is so.
 */
class AccountTroubleTest {
  private static final Question TRAFFIC = Question.pageviews("traffic_daily", "day");
  private static final Question PAGES = Question.pageviews("pages_daily", "day", "pathname");
  private static final Instant NIGHT = Instant.parse("2026-03-05T12:30:00Z");
  private static final Instant CREATED = Instant.parse("2026-03-01T00:00:00Z");
  private static final String ACCOUNTS =
      """
      accounts:
        - {name: agency, token: {env: AGENCY_TOKEN}}
        - {name: shop, token: {env: SHOP_TOKEN}}
      """;

  @TempDir Path directory;
  @RegisterExtension final Fixture fixture = new Fixture();

  private final World world = World.empty();
  private final SimulatorToken agency =
      SimulatorToken.ofAccount("of-agency", "agency", Set.of("AAAA", "BBBB"));
  private final SimulatorToken shop = SimulatorToken.ofAccount("of-shop", "shop", Set.of("CCCC"));
  private final Behaviour normal = Behaviour.unlimited().withTokens(agency, shop);
  private FathomSimulator api;
  private Installation installation;

  @BeforeEach
  void install() throws IOException {
    for (String site : List.of("AAAA", "BBBB", "CCCC")) {
      world.addSite(new SimulatedSite(site, "Site " + site, ZoneOffset.UTC, CREATED));
      for (int day = 1; day <= 9; day++) {
        world.add(site, PageView.at(Instant.parse("2026-03-0" + day + "T12:00:00Z")).visit(day));
      }
    }
    api = fixture.api(world, normal, InstantSource.fixed(NIGHT));
    installation =
        new Installation(
                directory,
                fixture.database(List.of(TRAFFIC, PAGES)),
                api.baseUri(),
                "unused",
                NIGHT)
            .variable("AGENCY_TOKEN", agency.secret())
            .variable("SHOP_TOKEN", shop.secret())
            .pipeline("nightly", "all", "[parquet]", List.of(TRAFFIC, PAGES));
    settings("", ACCOUNTS);
  }

  private Installation.Ended ended(int code, int later, String... command) {
    Installation.Ended ended = installation.at(NIGHT.plus(Duration.ofDays(later))).run(command);
    assertThat(ended.code()).as(ended.said()).isEqualTo(code);
    return ended;
  }

  /** Returns what a command on the pipeline says. */
  private String said(int code, int later, String command, String... options) {
    String[] all = new String[options.length + 2];
    all[0] = command;
    all[1] = "nightly";
    System.arraycopy(options, 0, all, 2, options.length);
    return ended(code, later, all).said();
  }

  private static FaultRule listing(String sites) {
    return FaultRule.when(
        request -> request.path().endsWith("/sites"),
        new Fault.Status(
            200,
            "application/json",
            "{\"object\":\"list\",\"url\":\"/v1/sites\",\"has_more\":false,\"data\":["
                + sites
                + "]}",
            Map.of()));
  }

  private static FaultRule lapsed() {
    return FaultRule.when(request -> true, Fault.status(402));
  }

  private void settings(String token, String accounts) {
    installation.settings(
        """
        api: {base_url: %s, requests_per_minute: 1000, patience: 1s%s}
        %sparquet: {root: warehouse}
        """
            .formatted(api.baseUri(), token, accounts));
  }

  // --- Sites that an account has no more

  @Test
  void theOnlySiteOfAnAccountThatIsNoLongerListedIsNamed() {
    said(0, 0, "run");
    api.behave(normal.withFault(listing("").of("shop")));
    said(0, 1, "run");

    String gone = "! site CCCC (Site CCCC) is no longer in the API's list of sites";
    assertThat(said(65, 1, "status", "--check")).contains(gone);
    // A night that cannot ask the account knows nothing newer.
    api.behave(normal.withFault(lapsed().of("shop")));
    said(77, 2, "run");
    assertThat(said(65, 2, "status", "--check")).contains(gone);
    api.behave(normal);
    said(0, 3, "run");
    assertThat(said(0, 3, "status", "--check")).doesNotContain("no longer in the API's list");
  }

  @Test
  void theHistoryOfANewSiteIsNotOfferedOnceNoListHasIt() {
    api.behave(normal.withFault(listing("").of("shop")));
    said(0, 0, "run");
    api.behave(normal);
    assertThat(ended(0, 1, "run", "nightly").out()).contains("site CCCC (Site CCCC) is new");
    assertThat(said(0, 1, "status")).contains("site CCCC (Site CCCC) is new");

    api.behave(normal.withFault(listing("").of("shop")));

    assertThat(ended(0, 2, "run", "nightly").out()).doesNotContain("is new");
    assertThat(said(0, 2, "status"))
        .contains("! site CCCC (Site CCCC) is no longer in the API's list")
        .doesNotContain("is new");
  }

  // --- Accounts that have none, or that cannot be asked

  @Test
  void anAccountWithoutSitesIsNoTrouble() {
    api.behave(normal.withFault(listing("").of("shop")));

    said(0, 0, "run");

    assertThat(said(0, 0, "status", "--check")).contains("2 of 2 sites are complete to yesterday.");
    said(0, 0, "plan");
    assertThat(said(0, 0, "check"))
        .contains("account shop: none of its sites is exported here: its token lists none");
  }

  /** Whether it has no sites or was not asked is not recorded, so neither is claimed. */
  @Test
  void anAccountWithoutSitesIsNotSaidToBeUnreadBesideAFailure() {
    api.behave(
        normal
            .withFault(listing("").of("shop"))
            .withFault(
                FaultRule.when(
                    request ->
                        request.aggregation() > 0 && "AAAA".equals(request.parameter("entity_id")),
                    Fault.status(403))));

    said(77, 0, "run");

    assertThat(said(65, 0, "status", "--check"))
        .contains("! account shop: no run has found a site of it yet")
        .doesNotContain("no run has read");
  }

  @Test
  void whereNoAccountHasSitesThereIsNothingToExport() {
    api.behave(normal.withFault(listing("")));

    assertThat(said(0, 0, "run")).contains("the API lists no site, so there is nothing to export");

    assertThat(said(65, 0, "status", "--check"))
        .contains("Nothing is exported: the run of 2026-03-05 12:30 UTC succeeded and found no")
        .doesNotContain("Begin with");
    assertThat(said(0, 0, "plan"))
        .contains("the API lists no site")
        .doesNotContain("every finished period is exported");
  }

  /** The account is younger than the last run that succeeded. */
  @Test
  void anAccountThatIsAddedWithoutASubscriptionIsNamed() {
    settings(", token: {env: AGENCY_TOKEN}", "");
    said(0, 0, "run");
    settings("", ACCOUNTS);
    api.behave(normal.withFault(lapsed().of("shop")));
    String renew = "account shop: cannot list the account's sites: the API refuses with 402";

    assertThat(said(77, 1, "run")).contains(renew, "renew the account's subscription");

    assertThat(said(65, 1, "status", "--check"))
        .contains("! account shop: no run has found a site of it yet", renew);
    assertThat(said(77, 1, "plan")).contains("without account shop", renew);
    api.behave(normal);
    said(0, 2, "run");
    assertThat(said(0, 2, "status", "--check")).doesNotContain("account shop:");
  }

  @Test
  void aLapsedAccountLeavesItsSharedSiteToTheOther() {
    SimulatorToken both = SimulatorToken.ofAccount("of-shop", "shop", Set.of("CCCC", "BBBB"));
    Behaviour shared = normal.withTokens(agency, both);
    String whose = "site BBBB is listed by the accounts agency and shop, and exported by agency";
    api.behave(shared);
    assertThat(said(0, 0, "run")).contains(whose);
    assertThat(said(0, 0, "plan")).contains(whose);
    assertThat(said(0, 0, "check")).contains(whose);
    assertThat(said(0, 0, "status", "--check")).contains("agency / BBBB");

    api.behave(shared.withFault(lapsed().of("agency")));

    assertThat(said(77, 1, "run")).contains("renew the account's subscription");
    assertThat(said(65, 1, "status", "--check"))
        .contains("2 of 3 sites are complete to yesterday; 2 of 6 rows", "shop / BBBB")
        .doesNotContain("no longer in the API's list");
    assertThat(said(77, 1, "plan")).contains("without account agency");
  }

  @Test
  void tokensThatWereSwappedAreSeen() {
    said(0, 0, "run");
    installation.variable("AGENCY_TOKEN", shop.secret()).variable("SHOP_TOKEN", agency.secret());

    assertThat(said(0, 1, "run"))
        .contains("is exported with the token of account agency now")
        .contains("pays for its requests; before, it was account shop");
    assertThat(said(0, 2, "run")).doesNotContain("pays for its requests");
  }

  @Test
  void oneTokenIsNotTwoAccounts() {
    installation.variable("SHOP_TOKEN", agency.secret());
    String same =
        "accounts[1].token: holds the same token as accounts[0].token, that of account agency";

    assertThat(said(77, 0, "run")).contains(same, "4 planned, 4 committed");
    assertThat(said(77, 0, "check")).contains(same, "without the sites of account shop");
  }

  @Test
  void theBillOfEachAccountIsShown() {
    assertThat(said(0, 0, "plan"))
        .contains("2 sites; billed 124 pageviews a month, run every night")
        .contains("1 site; billed 62 pageviews a month, run every night")
        .contains("Billed    186 pageviews a month");
  }

  @Test
  void aBudgetIsSaidToBeTheAccounts() {
    assertThat(said(75, 0, "run", "--max-requests", "1"))
        .contains(
            "of the 1 requests that account agency may send",
            "of the 1 requests that account shop may send",
            "4 windows left, about 4 requests, 3 more nights");
    assertThat(api.log().all().stream().filter(e -> e.request().aggregation() > 0)).hasSize(2);
    assertThat(said(65, 0, "status", "--check")).contains("0 of 3 sites are complete");
    assertThat(said(0, 0, "plan")).contains("agency: likely 3 requests", "shop: likely 1 request");
    said(0, 1, "run", "--max-requests", "4");
    assertThat(said(0, 1, "status", "--check")).contains("3 of 3 sites are complete");
  }

  // --- What status and check say plainly

  @Test
  void aSiteThatIsNamedAndThatNoTokenKnowsIsSaidToBeSo() {
    installation.pipeline("nightly", "[AAAA, CCCC, ZZZZ]", "[parquet]", List.of(TRAFFIC, PAGES));

    said(77, 0, "run");

    assertThat(said(65, 0, "status", "--check"))
        .contains("! site ZZZZ is named under sites:, but the API has not shown it to any run");
  }

  @Test
  void aCheckNamesTheRecordsThatARunSkips() {
    for (String accounts : List.of("", ACCOUNTS)) {
      settings(accounts.isEmpty() ? ", token: {env: AGENCY_TOKEN}" : "", accounts);
      api.behave(
          normal.withFault(
              listing("{\"id\":\"AAAA\",\"timezone\":\"UTC\"},{\"nonsense\":true}").of("agency")));

      assertThat(said(65, 0, "check"))
          .contains(
              "sites of the account: skipping a record of /sites: ",
              "A run can start, without 1 unusable record until this is mended.");
      said(65, 0, "run");
    }
  }

  @Test
  void whatWasNeverStoredStandsBesideTheEarliestDay() {
    Set<String> many = new TreeSet<>();
    for (int site = 0; site < 12; site++) {
      String id = "SITE%02d".formatted(site);
      many.add(id);
      world.addSite(new SimulatedSite(id, "", ZoneOffset.UTC, CREATED));
    }
    settings(", token: {env: AGENCY_TOKEN}", "");
    api.behave(normal.withTokens(SimulatorToken.ofAccount(agency.secret(), "agency", many)));

    said(75, 0, "run", "--max-requests", "1");

    assertThat(said(0, 0, "status").lines())
        .anyMatch(
            line -> line.matches("report +sites +complete +earliest fresh to +never stored.*"))
        .anyMatch(line -> line.matches("traffic_daily +12 +1 +2026-03-04 +11\\b.*"));
    // The next morning, before a second run: none has succeeded that days could have ended since.
    assertThat(installation.at(NIGHT.plus(Duration.ofHours(13))).run("status", "nightly").out())
        .contains("what has ended and is not stored yet is due by")
        .doesNotContain("since the last run");
  }
}
