package fathomexport.api;

import static fathomexport.api.ScriptedServer.answer;
import static fathomexport.api.ScriptedServer.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import fathomexport.api.answer.CurrentVisitors;
import fathomexport.api.answer.Token;
import fathomexport.api.pacing.StopActions;
import fathomexport.api.pacing.StopSignal;
import fathomexport.report.Milestone;
import fathomexport.report.SecretRef;
import fathomexport.report.SecretUnavailableException;
import fathomexport.report.Site;
import fathomexport.report.SiteEvent;
import fathomexport.report.SiteId;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(300)
class FathomClientTest {
  private static final SiteId SITE = new SiteId("CDBUGS");

  @Test
  void sendsWhatTheApiAsksFor() throws Exception {
    try (ScriptedServer server = new ScriptedServer(json("[]"));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      assertThat(fixture.ask().value()).isPresent();
      List<String> head = server.requests().get(0).lines().toList();
      assertThat(head.get(0))
          .isEqualTo("GET /v1/aggregations?" + ClientFixture.REQUEST.query() + " HTTP/1.1");
      assertThat(head)
          .contains(
              "Accept: application/json",
              "Accept-Encoding: gzip",
              "Authorization: Bearer " + ClientFixture.TOKEN)
          .anyMatch(h -> h.startsWith("User-Agent: fathom-export/"));
      assertThat(fixture.events)
          .extracting(e -> e.getClass().getSimpleName())
          .containsExactly("Sent", "Answered");
    }
  }

  /** The signal is the command's, and outlives each of its clients. */
  @Test
  void aClosedClientDoesNotWaitForAStop() throws Exception {
    try (ScriptedServer server = new ScriptedServer(json("[]"));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      assertThat(StopActions.of(fixture.stop)).isPositive();
      fixture.client.close();
      assertThat(StopActions.of(fixture.stop)).isZero();
    }
  }

  /** Sites as the API pages them: at most 100, after a cursor, in an order of its own. */
  private static HttpServer siteList(int sites, List<String> queries) throws Exception {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/v1/sites",
        exchange -> {
          String query = exchange.getRequestURI().getQuery();
          queries.add(query);
          Matcher after = Pattern.compile("starting_after=S(\\d+)").matcher(query);
          Matcher limit = Pattern.compile("limit=(\\d+)").matcher(query);
          int first = after.find() ? Integer.parseInt(after.group(1)) + 1 : 0;
          int size = limit.find() ? Math.min(100, Integer.parseInt(limit.group(1))) : 10;
          int end = Math.min(sites, first + size);
          String data =
              IntStream.range(first, end)
                  .mapToObj(i -> "{\"id\":\"S" + i + "\",\"name\":\"n\",\"timezone\":\"UTC\"}")
                  .collect(Collectors.joining(","));
          byte[] body =
              ("{\"object\":\"list\",\"has_more\":" + (end < sites) + ",\"data\":[" + data + "]}")
                  .getBytes(StandardCharsets.UTF_8);
          exchange.getResponseHeaders().set("Content-Type", "application/json");
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
    return server;
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 100, 101, 250})
  void allPagesOfSitesAreRead(int sites) throws Exception {
    List<String> queries = Collections.synchronizedList(new ArrayList<>());
    HttpServer server = siteList(sites, queries);
    try (ClientFixture fixture =
        new ClientFixture(
            URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/v1/"))) {
      List<Site> got = fixture.client.sites().value().orElseThrow().found();
      assertThat(got)
          .extracting(s -> s.id().value())
          .containsExactlyElementsOf(IntStream.range(0, sites).mapToObj(i -> "S" + i).toList());
      assertThat(queries).hasSize(Math.max(1, (sites + 99) / 100));
      assertThat(fixture.client.billedRequests()).isZero();
    } finally {
      server.stop(0);
    }
  }

  /** A thread that is late must not send what is billed, and whose rows no run takes. */
  @Test
  void aClosedClientSendsNothing() throws Exception {
    try (ScriptedServer server = new ScriptedServer(json("[]"));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      fixture.client.close();
      assertThatThrownBy(() -> fixture.client.aggregations(ClientFixture.REQUEST, fixture.rows))
          .isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> fixture.client.sites()).isInstanceOf(IllegalStateException.class);
      assertThat(server.requests()).isEmpty();
      assertThat(fixture.client.billedRequests()).isZero();
    }
  }

  @Test
  void anEmptyPageEndsTheListWhateverItSays() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(
                json("{\"data\":[{\"id\":\"A\"}],\"has_more\":true}"),
                json("{\"data\":[],\"has_more\":true}"));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      assertThat(fixture.client.sites().value().orElseThrow().found()).hasSize(1);
      assertThat(server.requests().get(1)).contains("?limit=100&starting_after=A ");
    }
  }

  @Test
  void pagesThatDoNotMoveOnAreAnError() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(json("{\"data\":[{\"id\":\"A\"}],\"has_more\":true}"));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      assertThat(fixture.client.sites()).isInstanceOf(Outcome.Malformed.class);
      assertThat(server.requests()).hasSize(2);
    }
  }

  @Test
  void aListThatBreaksOffIsNoList() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(
                json("{\"data\":[{\"id\":\"A\"}],\"has_more\":true}"),
                answer(403, "application/json", "{\"error\":\"no\"}"));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      assertThat(fixture.client.sites()).isInstanceOf(Outcome.Refused.class);
    }
  }

  @Test
  void aSitesZoneMayBeMissingOrUnknown() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(
                json(
                    """
                    {"data":[{"id":"A","name":"a","timezone":"Europe/Berlin"},
                             {"id":"B","name":null},
                             {"id":"C","name":"c","timezone":"Mars/Olympus"},
                             {"id":"D","name":"d","timezone":null}]}
                    """));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      assertThat(fixture.client.sites().value().orElseThrow().found())
          .containsExactly(
              new Site(new SiteId("A"), "a", ZoneId.of("Europe/Berlin")),
              new Site(new SiteId("B"), "", null),
              new Site(new SiteId("C"), "c", null),
              new Site(new SiteId("D"), "d", null));
    }
  }

  @Test
  void oneSiteAndItsEvents() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(
                json("{\"id\":\"a b/c\",\"name\":\"x\",\"timezone\":\"UTC\"}"),
                json(
                    "{\"data\":[{\"id\":\"1\",\"name\":\"buy &"
                        + " go\",\"currency\":\"dollars\"},{\"id\":\"2\",\"name\":\"b\","
                        + "\"currency\":null}],\"has_more\":true}"),
                json(
                    "{\"data\":[{\"id\":\"3\",\"name\":\"b\",\"currency\":\"eur\"},{\"id\":\"4\",\"name\":\"a\"},"
                        + "{\"id\":\"5\",\"name\":\"\"},{\"id\":\"6\"}],\"has_more\":false}"));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      SiteId odd = new SiteId("a b/c");
      assertThat(fixture.client.site(odd).value().orElseThrow())
          .isEqualTo(new Site(odd, "x", ZoneId.of("UTC")));
      assertThat(fixture.client.events(odd).value().orElseThrow())
          .containsExactly(
              new SiteEvent("buy & go", null), new SiteEvent("b", "EUR"), new SiteEvent("a", null));
      assertThat(server.requests())
          .extracting(r -> r.substring(0, r.indexOf(" HTTP")))
          .containsExactly(
              "GET /v1/sites/a%20b%2Fc",
              "GET /v1/sites/a%20b%2Fc/events?limit=100",
              "GET /v1/sites/a%20b%2Fc/events?limit=100&starting_after=2");
    }
  }

  @Test
  void theDomainsOfASiteInTheFormsThatTheyMayTake() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(
                json(
                    "{\"data\":[{\"id\":\"A\",\"domains\":[\"a.example\",\" b.example\",\"\",3]},"
                        + "{\"id\":\"B\",\"domains\":[{\"id\":1,\"hostname\":\"c.example\"},{}]},"
                        + "{\"id\":\"C\",\"domains\":true,\"multi_domain\":true},"
                        + "{\"id\":\"D\"}],\"has_more\":false}"));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      assertThat(fixture.client.sites().value().orElseThrow().found())
          .extracting(Site::domains)
          .containsExactly(
              List.of("a.example", "b.example"), List.of("c.example"), List.of(), List.of());
    }
  }

  @Test
  void theMilestonesOfASite() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(
                json(
                    "{\"data\":[{\"id\":\"u-1\",\"name\":\"Launch\","
                        + "\"milestone_date\":\"2026-02-28\"}],\"has_more\":true}"),
                json(
                    "{\"data\":[{\"id\":\"u-2\",\"name\":\"Sale\","
                        + "\"milestone_date\":\"2026-03-01T00:00:00Z\"},"
                        + "{\"id\":\"u-3\",\"name\":\"x\",\"milestone_date\":\"2026-02-30\"},"
                        + "{\"id\":\"u-4\",\"name\":\"\",\"milestone_date\":\"2026-03-01\"},"
                        + "{\"name\":\"y\",\"milestone_date\":\"2026-03-01\"},"
                        + "{\"id\":\"u-5\",\"name\":\"z\",\"milestone_date\":\"soon\"}]}"));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      assertThat(fixture.client.milestones(new SiteId("A")).value().orElseThrow().orElseThrow())
          .containsExactly(
              new Milestone("u-1", LocalDate.of(2026, 2, 28), "Launch"),
              new Milestone("u-2", LocalDate.of(2026, 3, 1), "Sale"));
      assertThat(server.requests())
          .extracting(r -> r.substring(0, r.indexOf(" HTTP")))
          .containsExactly(
              "GET /v1/sites/A/milestones?limit=100",
              "GET /v1/sites/A/milestones?limit=100&starting_after=u-1");
      assertThat(fixture.client.billedRequests()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {403, 404, 410})
  void milestonesThatTheApiDoesNotOfferAreNoFailure(int status) throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(answer(status, "application/json", "{\"error\":\"no\"}"));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      assertThat(fixture.client.milestones(new SiteId("A")).value()).contains(Optional.empty());
      assertThat(server.requests()).hasSize(1);
    }
  }

  @Test
  void theToken() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(
                json(
                    "{\"name\":\"exporter\",\"version\":2,\"abilities\":[\"all-sites-readonly\"],"
                        + "\"expires_at\":\"2027-01-01 00:00:00\"}"),
                json("{\"name\":\"x\",\"abilities\":\"read:A\",\"expires_at\":null}"));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      assertThat(fixture.client.token().value().orElseThrow())
          .isEqualTo(
              new Token(
                  "exporter",
                  List.of("all-sites-readonly"),
                  Instant.parse("2027-01-01T00:00:00Z")));
      assertThat(fixture.client.token().value().orElseThrow())
          .isEqualTo(new Token("x", List.of("read:A"), null));
    }
  }

  @Test
  void currentVisitorsMayBeNumbersOrStrings() throws Exception {
    String pages =
        "\"content\":[{\"hostname\":\"a.com\",\"pathname\":\"/x\",\"total\":\"3\"}],"
            + "\"referrers\":[{\"referrer_hostname\":\"https://t.co\",\"referrer_pathname\":null,\"total\":2}]";
    try (ScriptedServer server =
            new ScriptedServer(
                json("{\"total\":14}"),
                json("{\"total\":\"5\"," + pages + "}"),
                json("{\"total\":1.5}"));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      assertThat(fixture.client.currentVisitors(SITE, false).value().orElseThrow())
          .isEqualTo(new CurrentVisitors(14, List.of(), List.of()));
      assertThat(fixture.client.currentVisitors(SITE, true).value().orElseThrow())
          .isEqualTo(
              new CurrentVisitors(
                  5,
                  List.of(new CurrentVisitors.VisitedPage("a.com", "/x", 3)),
                  List.of(new CurrentVisitors.Referrer("https://t.co", null, 2))));
      assertThat(fixture.client.currentVisitors(SITE, false)).isInstanceOf(Outcome.Malformed.class);
      assertThat(server.requests().get(0)).startsWith("GET /v1/current_visitors?site_id=CDBUGS ");
      assertThat(server.requests().get(1)).contains("?site_id=CDBUGS&detailed=true ");
      assertThat(fixture.client.billedRequests()).isEqualTo(5);
    }
  }

  /** Reports and current visitors are of one quota. */
  @Test
  void currentVisitorsTakePermitsOfTheReports() throws Exception {
    try (ScriptedServer server = new ScriptedServer(json("[]"));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      for (int i = 0; i < 10; i++) {
        assertThat(fixture.ask().value()).isPresent();
      }
      assertThat(fixture.time.elapsed().toMillis()).isLessThan(1_000L);
      assertThat(fixture.client.currentVisitors(SITE, true)).isInstanceOf(Outcome.Malformed.class);
      assertThat(fixture.time.elapsed().toMillis()).isBetween(60_000L, 80_000L);
    }
  }

  /** A list that is missing is no empty one, unless nobody is there. */
  @Test
  void detailsThatAreMissing() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(json("{\"total\":0}"), json("{\"total\":1,\"content\":[]}"));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      assertThat(fixture.client.currentVisitors(SITE, true).value().orElseThrow())
          .isEqualTo(new CurrentVisitors(0, List.of(), List.of()));
      assertThat(fixture.client.currentVisitors(SITE, true))
          .isInstanceOfSatisfying(
              Outcome.Malformed.class, m -> assertThat(m.reason()).contains("'referrers'"));
    }
  }

  @Test
  void elevenRequestsTakeAMinute() throws Exception {
    try (ScriptedServer server = new ScriptedServer(json("[]"));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      for (int i = 0; i < 11; i++) {
        assertThat(fixture.ask().value()).isPresent();
        assertThat(fixture.client.token()).isNotNull();
      }
      assertThat(fixture.time.elapsed().toMillis()).isBetween(60_000L, 80_000L);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"with space", "line\nbreak", "ünïcode"})
  void aTokenThatCannotBeOneIsRefusedWithoutBeingShown(String token) {
    ApiSettings settings =
        ApiSettings.of(URI.create("http://127.0.0.1:1/v1"), new SecretRef.Env("T"));
    assertThatThrownBy(
            () ->
                new FathomClient(
                    settings,
                    Map.of("T", token),
                    RunControls.inProcess(settings, new StopSignal(), RequestListener.NONE)))
        .isInstanceOf(SecretUnavailableException.class)
        .hasMessageNotContaining(token);
  }
}
