package fathomexport.api;

import static fathomexport.api.ScriptedServer.json;
import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.api.Outcome.Unavailable.Cause;
import fathomexport.api.answer.Listed;
import fathomexport.report.Milestone;
import fathomexport.report.Site;
import fathomexport.report.SiteEvent;
import fathomexport.report.SiteId;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.RequestLog;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.world.EventDefinition;
import fathomexport.simulator.world.SimulatedMilestone;
import fathomexport.simulator.world.World;
import java.net.URI;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The lists of the API: whole, and with each thing once. */
@Timeout(300)
class ListCallsTest {
  private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");
  private static final LocalDate DAY = LocalDate.of(2026, 3, 1);
  private static final SiteId SHOP = new SiteId("SHOP");

  /** One more than a page holds. */
  private static final int MANY = 101;

  private static CallerParts parts(URI baseUrl) {
    return new CallerParts(baseUrl, CallRules.of(ClientFixture.policy()), 6);
  }

  private static ListCalls lists(CallerParts parts) {
    return new ListCalls(parts.caller);
  }

  private static <T> T answer(Outcome<T> outcome) {
    return outcome.value().orElseThrow(() -> new AssertionError(outcome));
  }

  private static Site site(String id, String name) {
    return new Site(new SiteId(id), name, BERLIN);
  }

  @Test
  void eachListIsReadToItsLastPageAndIsNotBilled() throws Exception {
    World world = World.empty().addSite("SHOP", BERLIN);
    for (int i = 1; i < MANY; i++) {
      world.addSite("S" + i, BERLIN);
    }
    for (int i = 0; i < MANY; i++) {
      world.addEvent("SHOP", "event " + i);
      world.putMilestone("SHOP", new SimulatedMilestone("m" + i, DAY.plusDays(i), "note " + i));
    }
    try (FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited());
        CallerParts parts = parts(api.baseUri())) {
      Listed<Site> sites = answer(lists(parts).sites());
      assertThat(sites.found())
          .extracting(site -> site.id().value())
          .startsWith("SHOP", "S1")
          .endsWith("S" + (MANY - 1))
          .hasSize(MANY);
      assertThat(sites.odd()).isEmpty();
      assertThat(answer(lists(parts).events(SHOP)))
          .startsWith(new SiteEvent("event 0", "USD"))
          .endsWith(new SiteEvent("event " + (MANY - 1), "USD"))
          .hasSize(MANY);
      assertThat(answer(lists(parts).milestones(SHOP)).orElseThrow())
          .startsWith(new Milestone("m0", DAY, "note 0"))
          .hasSize(MANY);
      assertThat(api.log().all())
          .extracting(RequestLog.Entry::status)
          .as("two pages of each list")
          .containsExactly(200, 200, 200, 200, 200, 200);
      assertThat(parts.caller.billedHere()).isZero();
    }
  }

  /** A site moves to the next page if an older one is removed while the list is read. */
  @Test
  void aSiteThatIsListedTwiceAlikeIsOne() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(
                json(
                    """
                    {"data":[{"id":"A","name":"a","timezone":"Europe/Berlin"},
                             {"id":"B","name":"b","timezone":"Europe/Berlin"}],"has_more":true}
                    """),
                json(
                    """
                    {"data":[{"id":"B","name":"b","timezone":"Europe/Berlin"},
                             {"id":"C","name":"c","timezone":"Europe/Berlin"}],"has_more":false}
                    """));
        CallerParts parts = parts(server.baseUrl())) {
      Listed<Site> sites = answer(lists(parts).sites());
      assertThat(sites.found()).containsExactly(site("A", "a"), site("B", "b"), site("C", "c"));
      assertThat(sites.odd()).isEmpty();
    }
  }

  @Test
  void aSiteThatContradictsItselfIsWhatItWasFirst() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(
                json(
                    """
                    {"data":[{"id":"A","name":"a","timezone":"Europe/Berlin"},
                             {"id":"A","name":"other","timezone":"Europe/Berlin"},
                             {"id":"A","name":"a"},
                             {"name":"nobody"}],"has_more":false}
                    """));
        CallerParts parts = parts(server.baseUrl())) {
      Listed<Site> sites = answer(lists(parts).sites());
      assertThat(sites.found()).containsExactly(site("A", "a"));
      assertThat(sites.odd())
          .containsExactly(
              "record 4 of a page: it has no id",
              "'A': is listed before as 'a' in the time zone Europe/Berlin, which counts, and not"
                  + " as 'other' in the time zone Europe/Berlin",
              "'A': is listed before as 'a' in the time zone Europe/Berlin, which counts, and not"
                  + " as 'a' in an unknown time zone");
    }
  }

  /** Fathom's events may share a name, and a query names them all at once. */
  @Test
  void eventsOfOneNameAreOneWithTheFirstCurrencyAmongThem() throws Exception {
    World world = World.empty().addSite("SHOP", BERLIN);
    String[][] events = {{"buy", "none"}, {"read", "none"}, {"buy", "EUR"}, {"buy", "USD"}};
    for (int i = 0; i < events.length; i++) {
      world.addEvent(
          "SHOP", new EventDefinition("E" + i, events[i][0], events[i][1], Instant.EPOCH));
    }
    try (FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited());
        CallerParts parts = parts(api.baseUri())) {
      assertThat(answer(lists(parts).events(SHOP)))
          .containsExactly(new SiteEvent("buy", "EUR"), new SiteEvent("read", null));
    }
  }

  @Test
  void anEventWithoutANameIsLeftOut() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(
                json(
                    "{\"data\":[{\"id\":\"1\"},{\"id\":\"2\",\"name\":\"buy\"}],"
                        + "\"has_more\":false}"));
        CallerParts parts = parts(server.baseUrl())) {
      assertThat(answer(lists(parts).events(new SiteId("a b/c"))))
          .containsExactly(new SiteEvent("buy", null));
      assertThat(server.requests())
          .singleElement()
          .satisfies(head -> assertThat(head).startsWith("GET /v1/sites/a%20b%2Fc/events?"));
    }
  }

  @Test
  void aMilestoneThatIsListedTwiceIsWhatItWasFirst() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(
                json(
                    """
                    {"data":[{"id":"m1","name":"Launch","milestone_date":"2026-03-01"},
                             {"id":"m2","name":"Sale","milestone_date":"2026-03-02"},
                             {"id":"m1","name":"Moved","milestone_date":"2026-03-03"},
                             {"id":"m3","milestone_date":"2026-03-04"}],"has_more":false}
                    """));
        CallerParts parts = parts(server.baseUrl())) {
      assertThat(answer(lists(parts).milestones(SHOP)))
          .contains(
              List.of(
                  new Milestone("m1", DAY, "Launch"),
                  new Milestone("m2", DAY.plusDays(1), "Sale")));
    }
  }

  /** The endpoint is newer than many tokens: missing, forbidden, or not in the subscription. */
  @ParameterizedTest
  @ValueSource(ints = {402, 403, 404, 410})
  void milestonesThatATokenIsNotOfferedAreNoFailure(int status) throws Exception {
    World world = World.empty().addSite("SHOP", BERLIN);
    try (FathomSimulator api =
            FathomSimulator.start(world, Behaviour.unlimited().withMilestonesRefused(status));
        CallerParts parts = parts(api.baseUri())) {
      assertThat(answer(lists(parts).milestones(SHOP))).isEqualTo(Optional.empty());
      assertThat(answer(lists(parts).sites()).found()).hasSize(1);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {401, 418, 422})
  void everyOtherRefusalOfMilestonesIsOne(int status) throws Exception {
    World world = World.empty().addSite("SHOP", BERLIN);
    try (FathomSimulator api =
            FathomSimulator.start(world, Behaviour.unlimited().withMilestonesRefused(status));
        CallerParts parts = parts(api.baseUri())) {
      assertThat(lists(parts).milestones(SHOP))
          .isInstanceOfSatisfying(
              Outcome.Refused.class, r -> assertThat(r.status()).isEqualTo(status));
    }
  }

  /** Half of a list would be a site that seems to be gone. */
  @Test
  void aListWithoutItsLastPageIsNone() throws Exception {
    World world = World.empty();
    for (int i = 0; i < MANY; i++) {
      world.addSite("S" + i, BERLIN);
    }
    try (FathomSimulator api =
            FathomSimulator.start(
                world,
                Behaviour.unlimited()
                    .withFault(
                        FaultRule.when(
                            request -> request.parameter("starting_after") != null,
                            Fault.status(503))));
        CallerParts parts = parts(api.baseUri())) {
      assertThat(lists(parts).sites())
          .isInstanceOfSatisfying(
              Outcome.Unavailable.class, u -> assertThat(u.cause()).isEqualTo(Cause.ATTEMPTS));
    }
  }

  /** Its retries are those of its site and list: those of the site's reports are untouched. */
  @ParameterizedTest
  @ValueSource(strings = {"events", "milestones"})
  void theRetriesOfAListAreItsOwn(String list) throws Exception {
    World world = World.empty().addSite("SHOP", BERLIN);
    try (FathomSimulator api =
            FathomSimulator.start(
                world,
                Behaviour.unlimited().withFault(FaultRule.when(r -> true, Fault.status(503))));
        CallerParts parts =
            new CallerParts(api.baseUri(), CallRules.of(ClientFixture.policy()), 1)) {
      Outcome<?> outcome =
          list.equals("events") ? lists(parts).events(SHOP) : lists(parts).milestones(SHOP);
      assertThat(outcome)
          .isInstanceOfSatisfying(
              Outcome.Unavailable.class,
              u -> {
                assertThat(u.cause()).isEqualTo(Cause.RETRIES_SPENT);
                assertThat(u.reason())
                    .contains(
                        "the retries of site SHOP and requests of /sites/{id}/"
                            + list
                            + " in this run are used up");
              });
    }
  }
}
