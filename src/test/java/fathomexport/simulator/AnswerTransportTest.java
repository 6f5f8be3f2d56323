package fathomexport.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.Quota;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.truth.TruthQuery;
import fathomexport.simulator.world.PageView;
import fathomexport.simulator.world.World;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Quotas, the log of requests, and answers that go wrong on their way. */
class AnswerTransportTest {
  private static final String SITE = "CDBUGS";
  private static final LocalDate DAY = LocalDate.parse("2026-06-11");
  private static final TruthQuery QUERY =
      TruthQuery.pageviews(SITE, DAY, DAY).by("day").fields("pathname");
  private static final Instant START = Instant.parse("2026-06-12T10:00:15Z");

  private final World world = World.empty().addSite(SITE, ZoneId.of("UTC"));
  private final AtomicReference<Instant> now = new AtomicReference<>(START);
  private final FathomSimulator simulator = start();
  private final TestClient client = new TestClient(simulator);

  private FathomSimulator start() {
    List<PageView> views = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      views.add(world.viewAt(SITE, DAY.atTime(10, i % 60)).path("/page/" + i));
    }
    world.addPageViews(SITE, views);
    try {
      return FathomSimulator.start(world, Behaviour.standard(), 0, now::get);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @AfterEach
  void stop() {
    simulator.close();
  }

  private int status() throws Exception {
    return client.aggregate(QUERY).statusCode();
  }

  private void fault(Fault fault) {
    simulator.behave(Behaviour.unlimited().withFault(FaultRule.when(r -> true, fault)));
  }

  @Test
  void the_quota_of_reports_is_ten_a_minute() throws Exception {
    for (int i = 0; i < 9; i++) {
      assertThat(status()).isEqualTo(200);
    }
    assertThat(client.get("/current_visitors", Map.of("site_id", SITE)).statusCode())
        .isEqualTo(200);
    now.set(START.plusMillis(20_500));
    HttpResponse<String> refused = client.aggregate(QUERY);
    assertThat(refused.statusCode()).isEqualTo(429);
    assertThat(refused.headers().firstValue("Retry-After")).hasValue("40");
    assertThat(refused.body()).contains("error");
    // Other endpoints have a separate quota.
    assertThat(client.get("/token", Map.of()).statusCode()).isEqualTo(200);
    now.set(START.plusSeconds(60));
    assertThat(status()).isEqualTo(200);

    RequestLog log = simulator.log();
    assertThat(log.tooMany()).hasSize(1);
    assertThat(log.counted()).hasSize(12);
    assertThat(log.aggregations()).hasSize(11);
  }

  @Test
  void each_response_is_dated_by_the_clock() throws Exception {
    for (Instant at : List.of(START, START.plus(Duration.ofDays(400)))) {
      now.set(at);
      for (Behaviour behaviour :
          List.of(
              Behaviour.unlimited(),
              Behaviour.unlimited().withTokens(),
              Behaviour.unlimited().withFault(FaultRule.when(r -> true, Fault.status(503))))) {
        simulator.behave(behaviour);
        HttpResponse<String> response = client.aggregate(QUERY);
        assertThat(response.headers().allValues("Date"))
            .as(response.toString())
            .singleElement()
            .extracting(
                date -> ZonedDateTime.parse(date, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant())
            .isEqualTo(at);
        assertThat(response.headers().firstValue("Connection")).isEmpty();
      }
    }
  }

  @Test
  void tokens_of_a_user_share_a_quota() throws Exception {
    simulator.behave(
        Behaviour.standard()
            .withReportsQuota(Quota.aMinute(Quota.Model.SLIDING, 1))
            .withTokens(
                SimulatorToken.STANDARD,
                new SimulatorToken("second", "owner", Set.of()),
                new SimulatorToken("third", "somebody", Set.of())));

    assertThat(status()).isEqualTo(200);
    assertThat(new TestClient(simulator, "second").aggregate(QUERY).statusCode()).isEqualTo(429);
    assertThat(new TestClient(simulator, "third").aggregate(QUERY).statusCode()).isEqualTo(200);
    assertThat(new TestClient(simulator, "wrong").aggregate(QUERY).statusCode()).isEqualTo(401);
    assertThat(simulator.log().counted()).hasSize(2);
  }

  @Test
  void a_quota_that_was_away_begins_at_zero() throws Exception {
    Behaviour one = Behaviour.standard().withReportsQuota(Quota.aMinute(Quota.Model.SLIDING, 1));
    simulator.behave(one);
    assertThat(status()).isEqualTo(200);
    simulator.behave(one.withRetryAfter(Behaviour.RetryAfter.ABSENT));
    assertThat(status()).as("the quota is the same").isEqualTo(429);

    simulator.behave(Behaviour.unlimited());
    simulator.behave(one);

    assertThat(status()).isEqualTo(200);
  }

  @Test
  void when_to_come_back() throws Exception {
    Behaviour one = Behaviour.standard().withReportsQuota(Quota.aMinute(Quota.Model.CALENDAR, 1));
    simulator.behave(one.withRetryAfter(Behaviour.RetryAfter.HTTP_DATE).withRateLimitHeaders(true));
    HttpResponse<String> first = client.aggregate(QUERY);
    assertThat(first.headers().firstValue("X-RateLimit-Limit")).hasValue("1");
    String date = client.aggregate(QUERY).headers().firstValue("Retry-After").orElseThrow();
    assertThat(ZonedDateTime.parse(date, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant())
        .isEqualTo("2026-06-12T10:01:00Z");
    simulator.behave(one.withRetryAfter(Behaviour.RetryAfter.ABSENT));
    assertThat(client.aggregate(QUERY).headers().firstValue("Retry-After")).isEmpty();
  }

  @Test
  void requests_in_flight_are_limited() throws Exception {
    simulator.behave(
        Behaviour.unlimited()
            .withInFlightLimit(1)
            .withFault(
                FaultRule.onAggregation(1, new Fault.StallAfterHeaders(Duration.ofSeconds(30)))));
    CompletableFuture<HttpResponse<String>> slow =
        HttpClient.newHttpClient()
            .sendAsync(
                client.request("/aggregations", TestClient.parameters(QUERY)).build(),
                HttpResponse.BodyHandlers.ofString());
    while (simulator.log().all().isEmpty()) {
      Thread.onSpinWait();
    }

    assertThat(status()).isEqualTo(429);
    assertThat(simulator.log().maxInFlight()).isEqualTo(2);
    simulator.close();
    assertThatThrownBy(slow::join).hasCauseInstanceOf(IOException.class);
  }

  @Test
  void one_after_the_other_is_one_in_flight() throws Exception {
    simulator.behave(Behaviour.unlimited().withInFlightLimit(1));
    for (int i = 0; i < 200; i++) {
      assertThat(status()).isEqualTo(200);
    }
    assertThat(simulator.log().maxInFlight()).isEqualTo(1);
  }

  @Test
  void the_log_knows_what_was_asked_and_answered() throws Exception {
    assertThat(status()).isEqualTo(200);
    assertThat(status()).isEqualTo(200);
    assertThat(client.get("/sites", Map.of("limit", "3")).statusCode()).isEqualTo(200);
    assertThat(client.aggregate(QUERY.by("month")).statusCode()).isEqualTo(200);

    RequestLog log = simulator.log();
    assertThat(log.repeatedAggregations()).hasSize(1).allMatch(same -> same.size() == 2);
    RequestLog.Entry first = log.aggregations().get(0);
    assertThat(first.request().parameters()).isEqualTo(TestClient.parameters(QUERY));
    assertThat(first.request().site()).isEqualTo(SITE);
    assertThat(first.rows()).isEqualTo(500);
    assertThat(first.status()).isEqualTo(200);
    assertThat(first.arrivedAt()).isEqualTo(START);
    assertThat(first.endedAt()).isEqualTo(START);
    assertThat(first.endedNanos()).isGreaterThan(first.arrivedNanos());
    assertThat(log.to("/v1/sites")).singleElement().matches(e -> e.request().number() == 3);
    assertThat(log.all()).extracting(e -> e.request().aggregation()).containsExactly(1, 2, 0, 3);
    log.clear();
    assertThat(log.all()).isEmpty();
  }

  @Test
  void scripted_statuses() throws Exception {
    simulator.behave(
        Behaviour.unlimited()
            .withFault(FaultRule.onAggregation(1, Fault.status(503)))
            .withFault(FaultRule.onAggregation(2, Fault.tooMany("7")))
            .withFault(FaultRule.onAggregation(3, Fault.status(429)))
            .withFault(FaultRule.onAggregation(4, Fault.empty()))
            .withFault(FaultRule.onAggregation(5, Fault.html()))
            .withFault(FaultRule.onAggregation(6, Fault.body("[{\"date\":"))));

    assertThat(status()).isEqualTo(503);
    assertThat(client.aggregate(QUERY).headers().firstValue("Retry-After")).hasValue("7");
    HttpResponse<String> bare = client.aggregate(QUERY);
    assertThat(bare.statusCode()).isEqualTo(429);
    assertThat(bare.headers().firstValue("Retry-After")).isEmpty();
    assertThat(client.aggregate(QUERY).body()).isEmpty();
    HttpResponse<String> html = client.aggregate(QUERY);
    assertThat(html.statusCode()).isEqualTo(200);
    assertThat(html.headers().firstValue("Content-Type").orElseThrow()).contains("text/html");
    assertThat(client.aggregate(QUERY).body()).isEqualTo("[{\"date\":");
    assertThat(client.rows(QUERY)).hasSize(500);
    assertThat(simulator.log().aggregations())
        .extracting(RequestLog.Entry::status)
        .containsExactly(503, 429, 429, 200, 200, 200, 200);
  }

  @Test
  void a_fault_may_come_several_times() throws Exception {
    simulator.behave(
        Behaviour.unlimited()
            .withFault(FaultRule.first(2, r -> SITE.equals(r.site()), Fault.status(500))));

    assertThat(status()).isEqualTo(500);
    assertThat(status()).isEqualTo(500);
    assertThat(status()).isEqualTo(200);
    simulator.behave(simulator.behaviour().withoutFaults());
    assertThat(status()).isEqualTo(200);
  }

  @Test
  void connections_that_break() throws Exception {
    fault(new Fault.HangUp());
    assertThatThrownBy(this::status).isInstanceOf(IOException.class);
    fault(new Fault.CutOff(0.5, false));
    assertThatThrownBy(this::status).isInstanceOf(IOException.class);
    fault(new Fault.CutOff(0.5, true));
    assertThatThrownBy(this::status).isInstanceOf(IOException.class);
    simulator.behave(Behaviour.unlimited());
    assertThat(client.rows(QUERY)).hasSize(500);
  }

  @Test
  void damaged_compression() throws Exception {
    fault(new Fault.BrokenGzip());
    HttpRequest request =
        client
            .request("/aggregations", TestClient.parameters(QUERY))
            .header("Accept-Encoding", "gzip")
            .build();
    byte[] body = client.sendForBytes(request).body();

    assertThatThrownBy(() -> new GZIPInputStream(new ByteArrayInputStream(body)).readAllBytes())
        .isInstanceOf(IOException.class);
  }

  @Test
  void slow_answers() throws Exception {
    fault(new Fault.Drip(10_000, Duration.ofMillis(1)));
    assertThat(client.rows(QUERY)).hasSize(500);

    fault(new Fault.Delay(Duration.ofSeconds(30)));
    HttpRequest impatient =
        client
            .request("/aggregations", TestClient.parameters(QUERY))
            .timeout(Duration.ofMillis(100))
            .build();
    assertThatThrownBy(() -> client.send(impatient)).isInstanceOf(HttpTimeoutException.class);
  }

  @Test
  void the_first_query_of_a_shape_is_slow() throws Exception {
    simulator.behave(Behaviour.unlimited().withFirstOfShapeDelay(Duration.ofMillis(120)));
    assertThat(status()).isEqualTo(200);
    assertThat(status()).isEqualTo(200);
    assertThat(client.aggregate(QUERY.fields("browser")).statusCode()).isEqualTo(200);

    List<Long> millis =
        simulator.log().all().stream()
            .map(e -> (e.endedNanos() - e.arrivedNanos()) / 1_000_000)
            .toList();
    assertThat(millis.get(0)).isGreaterThanOrEqualTo(119);
    assertThat(millis.get(2)).isGreaterThanOrEqualTo(119);
    assertThat(millis.get(1)).isLessThan(millis.get(0));
  }

  @Test
  void what_has_not_happened_yet_may_be_hidden() throws Exception {
    world.add(SITE, PageView.at(START.plusSeconds(5)).path("/later"));
    TruthQuery today =
        TruthQuery.pageviews(SITE, DAY.plusDays(1), DAY.plusDays(1)).by("day").fields("pathname");
    simulator.behave(Behaviour.unlimited());
    assertThat(client.rows(today)).hasSize(1);
    simulator.behave(Behaviour.unlimited().withFutureHidden(true));
    assertThat(client.rows(today)).isEmpty();
    now.set(START.plusSeconds(5));
    assertThat(client.rows(today)).hasSize(1);
  }

  @Test
  void delays_may_pass_on_the_clock_alone() throws Exception {
    Behaviour slow = Behaviour.unlimited().withFirstOfShapeDelay(Duration.ofHours(1));
    try (FathomSimulator other =
        FathomSimulator.start(
            world, slow, 0, now::get, d -> now.updateAndGet(instant -> instant.plus(d)))) {
      assertThat(new TestClient(other).rows(QUERY)).hasSize(500);
      RequestLog.Entry entry = other.log().all().get(0);
      assertThat(entry.arrivedAt()).isEqualTo(START);
      assertThat(entry.endedAt()).isEqualTo(START.plus(Duration.ofHours(1)));
    }
  }

  @Test
  void options_start_a_server_with_their_token() throws Exception {
    SimulatorOptions options =
        new SimulatorOptions(0, 3, DAY, DAY.plusDays(1), 20, "secret", 1, Quota.none());
    assertThat(options.toString()).doesNotContain("secret");
    try (FathomSimulator other = options.start()) {
      assertThat(other.baseUri().toString()).isEqualTo("http://127.0.0.1:" + other.port() + "/v1");
      assertThat(new TestClient(other).get("/sites", Map.of()).statusCode()).isEqualTo(401);
      assertThat(
              TestClient.json(new TestClient(other, "secret").get("/sites", Map.of("limit", "100")))
                  .get("data"))
          .hasSize(12);
    }
  }
}
