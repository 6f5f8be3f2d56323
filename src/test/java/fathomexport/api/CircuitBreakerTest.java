package fathomexport.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import fathomexport.api.Outcome.Unavailable.Cause;
import fathomexport.api.answer.AggregationAnswer;
import fathomexport.api.pacing.RetryPolicy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An API that is down, and sites that are: what each costs, and what it does to the others. */
@Timeout(300)
class CircuitBreakerTest {
  /** Attempts of one call. */
  private static final int ATTEMPTS = 3;

  private final Set<String> failing = ConcurrentHashMap.newKeySet();
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private volatile int status = 504;
  private HttpServer server;
  private ClientFixture fixture;

  @BeforeEach
  void start() throws Exception {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/v1",
        exchange -> {
          String uri = exchange.getRequestURI().toString();
          requests.add(uri);
          boolean fails = failing.stream().anyMatch(uri::contains);
          byte[] body =
              (uri.contains("ODD") ? "[1]" : uri.contains("aggregations") ? "[]" : "{}")
                  .getBytes(StandardCharsets.UTF_8);
          exchange.getResponseHeaders().set("Content-Type", "application/json");
          exchange.sendResponseHeaders(fails ? status : 200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
    fixture = client(ClientFixture.policy());
  }

  private ClientFixture client(RetryPolicy policy) {
    return ClientFixture.of(
        URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/v1"), policy);
  }

  @AfterEach
  void end() {
    fixture.close();
    server.stop(0);
  }

  private void ends(String report, String site, Cause cause) throws Exception {
    assertThat(fixture.ask(report, site))
        .isInstanceOfSatisfying(
            Outcome.Unavailable.class, u -> assertThat(u.cause()).isEqualTo(cause));
  }

  private void answers(String report, String site) throws Exception {
    assertThat(fixture.ask(report, site)).isInstanceOf(Outcome.Success.class);
  }

  /** However often it fails: nothing is held back from the others, and no retry is taken. */
  @Test
  void oneSiteNeverOpensIt() throws Exception {
    failing.add("SICK");
    for (int i = 0; i < 8; i++) {
      ends("report" + i, "SICK", Cause.ATTEMPTS);
    }
    int before = requests.size();
    answers("report0", "WELL");
    failing.add("WELL");
    ends("report0", "WELL", Cause.ATTEMPTS);
    assertThat(requests.size() - before).as("all its attempts").isEqualTo(1 + ATTEMPTS);
  }

  /** Its reserve is spent, and no other site's or report's. */
  @Test
  void eachSiteAndReportHasRetriesOfItsOwn() throws Exception {
    failing.add("SICK");
    ends("pages", "SICK", Cause.ATTEMPTS);
    ends("pages", "SICK", Cause.ATTEMPTS);
    ends("pages", "SICK", Cause.RETRIES_SPENT);
    int before = requests.size();
    ends("pages", "SICK", Cause.RETRIES_SPENT);
    assertThat(requests.size() - before).as("without a retry").isEqualTo(1);
    ends("traffic", "SICK", Cause.ATTEMPTS);
    assertThat(requests.size() - before).isEqualTo(1 + ATTEMPTS);
  }

  @Test
  void sitesThatFailWhileOthersAnswerDoNotOpenIt() throws Exception {
    failing.addAll(List.of("SICK", "POOR"));
    ends("pages", "SICK", Cause.ATTEMPTS);
    ends("pages", "POOR", Cause.ATTEMPTS);
    answers("pages", "WELL");
    for (int i = 0; i < 4; i++) {
      ends("report" + i, "SICK", Cause.ATTEMPTS);
      ends("report" + i, "POOR", Cause.ATTEMPTS);
    }
    Duration before = fixture.time.elapsed();
    answers("traffic", "WELL");
    assertThat(fixture.longWaits()).isEmpty();
    assertThat(fixture.time.elapsed().minus(before)).isLessThan(Duration.ofMinutes(2));
  }

  private void open() throws Exception {
    failing.add("aggregations");
    ends("pages", "A", Cause.ATTEMPTS);
    ends("pages", "B", Cause.ATTEMPTS);
    ends("pages", "C", Cause.INTERRUPTED);
  }

  @Test
  void oneRequestAtATimeTriesWhetherTheApiIsBack() throws Exception {
    open();
    int before = requests.size();
    ends("pages", "D", Cause.INTERRUPTED);
    ends("pages", "E", Cause.INTERRUPTED);
    assertThat(requests.size() - before).as("a probe each").isEqualTo(2);
    assertThat(fixture.longWaits()).as("a line each").hasSize(2);
    failing.clear();
    answers("pages", "A");
    int closed = requests.size();
    answers("pages", "B");
    assertThat(requests.size() - closed).isEqualTo(1);
    assertThat(fixture.longWaits()).hasSize(3);
  }

  @Test
  void anApiThatStaysDownEndsTheRunInTheEnd() throws Exception {
    failing.add("/v1");
    open();
    Duration opened = fixture.time.elapsed();
    int before = requests.size();
    Outcome<AggregationAnswer> last = fixture.ask("pages", "D");
    while (last instanceof Outcome.Unavailable<?> u && u.cause() == Cause.INTERRUPTED) {
      last = fixture.ask("pages", "D");
    }
    assertThat(last)
        .isInstanceOfSatisfying(
            Outcome.Unavailable.class,
            u -> {
              assertThat(u.endsRun()).isTrue();
              assertThat(u.reason()).contains("504").contains("600 s");
            });
    assertThat(fixture.time.elapsed().minus(opened)).isEqualTo(Duration.ofMinutes(10));
    assertThat(requests.size() - before).isBetween(5, 10);
    int after = requests.size();
    ends("traffic", "E", Cause.DOWN);
    assertThat(requests).hasSize(after);
  }

  @Test
  void noPatienceAtAllEndsTheRunAtOnce() throws Exception {
    fixture.close();
    fixture = client(ClientFixture.policy().withPatience(Duration.ZERO));
    failing.add("/v1");
    ends("pages", "A", Cause.ATTEMPTS);
    ends("pages", "B", Cause.ATTEMPTS);
    ends("pages", "C", Cause.DOWN);
    assertThat(fixture.client.billedRequests()).isEqualTo(3 * ATTEMPTS);
  }

  private String wordsWhenDown() throws Exception {
    for (int i = 0; i < 50; i++) {
      if (fixture.ask("pages", "ABCDE".substring(i % 5, i % 5 + 1))
              instanceof Outcome.Unavailable<?> u
          && u.cause() == Cause.DOWN) {
        return u.describe();
      }
    }
    throw new AssertionError("the API is not taken for down");
  }

  @Test
  void anApiThatIsDownIsSaidToBe() throws Exception {
    failing.add("/v1");
    assertThat(wordsWhenDown())
        .startsWith(Outcome.UNAVAILABLE + "it has not answered any request for 600 s")
        .contains("504");
  }

  private void patienceIsOver() throws Exception {
    failing.add("aggregations");
    for (int i = 0; ; i++) {
      if (fixture.ask("pages", "ABC".substring(i % 3, i % 3 + 1))
              instanceof Outcome.Unavailable<?> u
          && u.cause() == Cause.SITE_DOWN) {
        assertThat(u.describe())
            .startsWith(
                Outcome.UNAVAILABLE
                    + "it has answered no query about this site or another one for 600 s")
            .contains("although it answers for the account")
            .contains("504");
        return;
      }
      assertThat(i).as("calls").isLessThan(50);
    }
  }

  /** The account's endpoint answers: the sites that failed are down, and the run goes on. */
  @Test
  void sitesThatStayDownWhileTheAccountAnswersAreNotTheApi() throws Exception {
    patienceIsOver();
    int before = requests.size();
    for (String site : List.of("A", "B", "C")) {
      ends("traffic", site, Cause.SITE_DOWN);
    }
    assertThat(requests).as("nothing more is sent about them").hasSize(before);
    ends("pages", "D", Cause.INTERRUPTED);
    ends("pages", "D", Cause.SITE_DOWN);
    assertThat(requests.size() - before).as("each other site is asked once").isEqualTo(1);
    assertThat(requests).filteredOn(uri -> uri.contains("/token")).hasSize(1);
    failing.clear();
    answers("pages", "WELL");
    answers("pages", "A");
  }

  /** A site after the other is asked once; then it is the API. */
  @Test
  void tenSitesInARowThatDoNotAnswerAreTheApi() throws Exception {
    patienceIsOver();
    for (String site : List.of("D", "E", "F", "G", "H", "I")) {
      ends("pages", site, Cause.INTERRUPTED);
    }
    ends("pages", "J", Cause.DOWN);
    int before = requests.size();
    assertThat(fixture.ask("pages", "K"))
        .isInstanceOfSatisfying(
            Outcome.Unavailable.class,
            u ->
                assertThat(u.describe())
                    .contains("it has answered no query about a site for 600 s")
                    .contains("although it answers for the account")
                    .contains("504"));
    assertThat(requests).hasSize(before);
  }

  @Test
  void anApiThatAsksToWaitIsNotSaidToAnswerNothing() throws Exception {
    status = 429;
    failing.add("/v1");
    assertThat(wordsWhenDown())
        .startsWith(Outcome.UNAVAILABLE + "it has accepted no request for 600 s")
        .contains("429")
        .doesNotContain("any request");
  }

  /** With a single site nothing else tells the API's trouble from the site's: the account does. */
  @Test
  void oneThatWaitsAsksTheAccountWhetherItIsTheSiteOrTheApi() throws Exception {
    fixture.close();
    fixture = client(ClientFixture.policy().waiting());
    failing.add("aggregations");
    ends("pages", "ONLY", Cause.ATTEMPTS);
    failing.add("/v1");
    ends("traffic", "ONLY", Cause.INTERRUPTED);
    for (int i = 0; i < 100; i++) {
      ends("traffic", "ONLY", Cause.INTERRUPTED);
    }
    assertThat(fixture.time.elapsed()).isGreaterThan(Duration.ofHours(3));
    failing.clear();
    answers("traffic", "ONLY");
  }

  /** However many sites fail: while the account answers, none of them is waited for. */
  @Test
  void oneThatWaitsDoesNotWaitForSitesWhileTheAccountAnswers() throws Exception {
    fixture.close();
    fixture = client(ClientFixture.policy().waiting());
    failing.add("aggregations");
    for (int i = 0; i < 5; i++) {
      for (String site : List.of("A", "B", "C")) {
        ends("report" + i, site, Cause.ATTEMPTS);
      }
    }
    assertThat(fixture.longWaits()).isEmpty();
    assertThat(fixture.client.billedRequests()).isEqualTo(5 * 3 * ATTEMPTS);
  }

  /** The API was down; when it is back, a site that still fails is in trouble of its own. */
  @Test
  void oneThatWaitsBelievesTheAccountRatherThanAFailedProbe() throws Exception {
    fixture.close();
    fixture = client(ClientFixture.policy().waiting());
    failing.add("/v1");
    ends("pages", "A", Cause.INTERRUPTED);
    ends("pages", "B", Cause.INTERRUPTED);
    failing.clear();
    failing.add("aggregations");
    int waits = fixture.longWaits().size();
    long billed = fixture.client.billedRequests();
    ends("pages", "A", Cause.ATTEMPTS);
    assertThat(fixture.client.billedRequests() - billed)
        .as("the probe is the first of its attempts")
        .isEqualTo(ATTEMPTS);
    ends("pages", "B", Cause.ATTEMPTS);
    assertThat(fixture.longWaits()).as("one, before the probe").hasSize(waits + 1);
  }

  /** What is about no site would keep a run from beginning: one that waits asks again. */
  @Test
  void oneThatWaitsBeginsWhenTheApiIsBack() throws Exception {
    fixture.close();
    fixture = client(ClientFixture.policy().waiting());
    failing.add("/v1/token");
    fixture.time.at(Duration.ofHours(5).toNanos(), failing::clear);
    assertThat(fixture.client.token()).isInstanceOf(Outcome.Success.class);
    assertThat(fixture.time.elapsed()).isGreaterThanOrEqualTo(Duration.ofHours(5));
  }

  /** It opens while another call pauses, whose next attempt is the probe, and useless. */
  @Test
  void aProbeWhoseAnswerIsOfNoUseDelaysNoOther() throws Exception {
    failing.add("SICK");
    fixture.time.at(
        fixture.time.nanos(),
        () -> {
          for (String site : List.of("SICK1", "SICK2", "SICK3")) {
            try {
              fixture.ask("pages", site);
            } catch (Exception e) {
              throw new IllegalStateException(e);
            }
          }
        });
    assertThat(fixture.ask("pages", "ODD")).isInstanceOf(Outcome.Malformed.class);
    assertThat(fixture.longWaits()).as("it was a probe").hasSize(1);

    fixture.time.at(fixture.time.nanos() + Duration.ofDays(3).toNanos(), () -> fixture.stop.stop());
    answers("pages", "WELL");
    assertThat(fixture.time.elapsed()).isLessThan(Duration.ofMinutes(10));
  }

  @Test
  void aStopEndsTheWait() throws Exception {
    open();
    fixture.stopWhen = RequestListener.Event.LongWait.class;
    int before = requests.size();
    assertThat(fixture.ask("pages", "D")).isInstanceOf(Outcome.Stopped.class);
    assertThat(requests).hasSize(before);
  }
}
