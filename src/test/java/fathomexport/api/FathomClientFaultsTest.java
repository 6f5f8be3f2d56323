package fathomexport.api;

import static fathomexport.api.ScriptedServer.answer;
import static fathomexport.api.ScriptedServer.gzip;
import static fathomexport.api.ScriptedServer.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import fathomexport.api.ScriptedServer.Step;
import fathomexport.api.answer.AggregationAnswer;
import fathomexport.api.answer.Collected.Cell;
import fathomexport.api.answer.RawRow;
import fathomexport.api.answer.RawRow.JsonKind;
import fathomexport.api.answer.Refusal;
import fathomexport.api.answer.RowHandler;
import fathomexport.api.pacing.RetryBudget;
import fathomexport.api.pacing.StopSignal;
import fathomexport.api.pacing.TimeSource;
import fathomexport.report.SecretRef;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(300)
class FathomClientFaultsTest {
  private static final String GOOD =
      "[{\"date\":\"2026-03-01\",\"pathname\":\"/a\",\"visits\":\"2\",\"pageviews\":\"3\"},"
          + "{\"date\":\"2026-03-02\",\"pathname\":\"/b\",\"visits\":\"1\",\"pageviews\":\"1\"}]";
  private static final byte[] GOOD_GZIP = gzip(GOOD);
  private static final Duration SHORT = Duration.ofSeconds(1);

  /** Each fault, what it is called, and the least and most wait before the next attempt, in s. */
  static Stream<Arguments> faults() {
    return Stream.of(
        fault("429 with seconds", answer(429, "application/json", "{}", "Retry-After: 7"), 7, 7),
        fault(
            "429 with a date",
            answer(
                429,
                "application/json",
                "{}",
                "Date: Tue, 24 Feb 2026 10:00:00 GMT",
                "Retry-After: Tue, 24 Feb 2026 10:00:42 GMT"),
            42,
            42),
        fault("429 without a wait", answer(429, "application/json", "{}"), 60, 60),
        fault(
            "429 with nonsense",
            answer(429, "application/json", "{}", "Retry-After: soon"),
            60,
            60),
        fault("429 with 0", answer(429, "text/html", "", "Retry-After: 0"), 0.5, 1),
        fault("408", answer(408, "application/json", "{\"error\":\"slow\"}"), 0.5, 1),
        fault("425", answer(425, "text/plain", "too early"), 0.5, 1),
        fault("500", answer(500, "application/json", "{\"error\":\"Server Error\"}"), 0.5, 1),
        fault("502 in HTML", answer(502, "text/html", "<html><h1>Bad Gateway</h1>"), 0.5, 1),
        fault("503", answer(503, "text/plain", "down"), 0.5, 1),
        fault("503 with 0", answer(503, "text/plain", "down", "Retry-After: 0"), 0.5, 1),
        fault("503 with seconds", answer(503, "text/plain", "", "Retry-After: 90"), 90, 90),
        fault("504", answer(504, "text/plain", ""), 0.5, 1),
        fault("520", answer(520, "text/plain", ""), 0.5, 1),
        fault("reset", ScriptedServer.reset(), 0.5, 1),
        fault("reset within the body", ScriptedServer.resetWithinBody(GOOD), 0.5, 1),
        fault("hang-up", ScriptedServer.hangUp(), 0.5, 1),
        fault("cut with length", ScriptedServer.cutWithLength(GOOD, 80), 0.5, 1),
        fault(
            "cut with length after a row",
            ScriptedServer.cutWithLength(GOOD + " ", GOOD.length()),
            0.5,
            1),
        fault("cut without length", ScriptedServer.cutWithoutLength(GOOD, 80), 0.5, 1),
        fault("cut chunks", ScriptedServer.cutChunks(GOOD), 0.5, 1),
        fault("drip", ScriptedServer.drip(), 0.5, 1),
        fault("stall before headers", ScriptedServer.stallBeforeHeaders(), 0.5, 1),
        fault("stall after headers", ScriptedServer.stallAfterHeaders(), 0.5, 1),
        fault("empty", json(""), 0.5, 1),
        fault("204", answer(204, "application/json", ""), 0.5, 1),
        fault("206", answer(206, "application/json", GOOD), 0.5, 1),
        fault("HTML with 200", answer(200, "text/html", "<html>[]</html>"), 0.5, 1),
        fault("HTML as JSON", json("<html>[]</html>"), 0.5, 1),
        fault("no type", answer(200, "", GOOD), 0.5, 1),
        fault("an error with 200", json("{\"error\":\"no\"}"), 0.5, 1),
        fault("garbage behind", json(GOOD + "[]"), 0.5, 1),
        fault("row cut, then ended", json(GOOD.substring(0, 100) + "]"), 0.5, 1),
        fault("gzip cut", gzipped(Arrays.copyOf(GOOD_GZIP, GOOD_GZIP.length / 2)), 0.5, 1),
        fault(
            "gzip without its end",
            gzipped(Arrays.copyOf(GOOD_GZIP, GOOD_GZIP.length - 4)),
            0.5,
            1),
        fault("gzip with a wrong checksum", gzipped(brokenChecksum()), 0.5, 1),
        fault(
            "gzip that is none",
            gzipped(GOOD.getBytes(java.nio.charset.StandardCharsets.UTF_8)),
            0.5,
            1),
        fault("an encoding that was not asked for", json(GOOD, "Content-Encoding: br"), 0.5, 1));
  }

  private static Arguments fault(String name, Step step, double least, double most) {
    return Arguments.of(name, step, least, most);
  }

  private static Step gzipped(byte[] body) {
    return answer(200, "application/json", body, "Content-Encoding: gzip");
  }

  private static byte[] brokenChecksum() {
    byte[] broken = GOOD_GZIP.clone();
    broken[broken.length - 6] ^= 1;
    return broken;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("faults")
  void aFaultCostsOneMoreRequestAndNoRow(String name, Step step, double least, double most)
      throws Exception {
    try (ScriptedServer server = new ScriptedServer(step, json(GOOD));
        ClientFixture fixture =
            new ClientFixture(server.baseUrl(), SHORT, 1 << 20, new RetryBudget(9, 9))) {
      Outcome<AggregationAnswer> outcome = fixture.ask();
      assertThat(outcome.value()).as("%s: %s", name, outcome).isPresent();
      assertThat(outcome.value().orElseThrow().requests()).isEqualTo(2);
      assertThat(server.requests()).hasSize(2);
      assertThat(fixture.client.billedRequests()).isEqualTo(2);
      assertThat(fixture.budget.taken()).isEqualTo(1);
      assertThat(fixture.rows.restarts).isEqualTo(2);
      assertThat(fixture.rows.rows).isEqualTo(goodRows());
      assertThat(fixture.time.elapsed().toMillis() / 1e3).isBetween(least, most);
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("faults")
  void aFaultThatStaysEndsTheCallAfterTheLastAttempt(
      String name, Step step, double least, double most) throws Exception {
    try (ScriptedServer server = new ScriptedServer(step);
        ClientFixture fixture =
            new ClientFixture(server.baseUrl(), SHORT, 1 << 20, new RetryBudget(9, 9))) {
      Outcome<AggregationAnswer> outcome = fixture.ask();
      assertThat(outcome)
          .as(name)
          .isInstanceOfAny(Outcome.Unavailable.class, Outcome.Malformed.class);
      assertThat(((Outcome.Failure<?>) outcome).describe()).contains("attempt 3 of 3");
      assertThat(server.requests()).hasSize(3);
    }
  }

  static Stream<Arguments> goodAnswers() {
    return Stream.of(
        Arguments.of("plain", json(GOOD)),
        Arguments.of("with charset", answer(200, "Application/JSON; charset=UTF-8", GOOD)),
        Arguments.of("vendor type", answer(200, "application/vnd.api+json", GOOD)),
        Arguments.of("chunked", ScriptedServer.chunked(GOOD)),
        Arguments.of("until the end", ScriptedServer.cutWithoutLength(GOOD, GOOD.length())),
        Arguments.of("gzip", gzipped(GOOD_GZIP)),
        Arguments.of("older envelope", json("{\"data\":" + GOOD + ",\"has_more\":false}")));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("goodAnswers")
  void aGoodAnswerIsTaken(String name, Step step) throws Exception {
    try (ScriptedServer server = new ScriptedServer(step);
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      Outcome<AggregationAnswer> outcome = fixture.ask();
      AggregationAnswer answer = outcome.value().orElseThrow();
      assertThat(answer.rows()).isEqualTo(2);
      assertThat(answer.requests()).isEqualTo(1);
      assertThat(answer.contents().legacyEnvelope()).isEqualTo(name.equals("older envelope"));
      assertThat(fixture.rows.rows).isEqualTo(goodRows());
      assertThat(fixture.time.elapsed()).isZero();
    }
  }

  @ParameterizedTest
  @MethodSource("refusals")
  void aRefusalIsNotRepeated(int status, String body, Refusal refusal, String words)
      throws Exception {
    try (ScriptedServer server = new ScriptedServer(answer(status, "application/json", body));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      Outcome<AggregationAnswer> outcome = fixture.ask();
      assertThat(outcome)
          .isInstanceOfSatisfying(
              Outcome.Refused.class,
              refused -> {
                assertThat(refused.status()).isEqualTo(status);
                assertThat(refused.refusal()).isEqualTo(refusal);
                assertThat(refused.words()).isEqualTo(words);
              });
      assertThat(server.requests()).hasSize(1);
      assertThat(fixture.budget.taken()).isZero();
    }
  }

  static Stream<Arguments> refusals() {
    return Stream.of(
        Arguments.of(
            401, "{\"error\":\"Unauthenticated.\"}", Refusal.CREDENTIALS, "Unauthenticated."),
        Arguments.of(403, "", Refusal.PERMISSION, "(no error message)"),
        Arguments.of(404, "{\"error\":\"gone\"}", Refusal.NOT_FOUND, "gone"),
        Arguments.of(410, "{\"error\":\"gone\"}", Refusal.NOT_FOUND, "gone"),
        Arguments.of(421, "{\"error\":\"not me\"}", Refusal.OTHER, "not me"),
        Arguments.of(
            422, "{\"errors\":{\"limit\":[\"too high\"]}}", Refusal.LIMIT, "limit: too high"),
        Arguments.of(
            400,
            "{\"error\":\"date range over 7 days\"}",
            Refusal.RANGE,
            "date range over 7 days"));
  }

  @Test
  void redirectsAreNotFollowed() throws Exception {
    try (ScriptedServer elsewhere = new ScriptedServer(json(GOOD));
        ScriptedServer server =
            new ScriptedServer(
                answer(302, "text/html", "moved", "Location: " + elsewhere.baseUrl()));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      assertThat(fixture.ask())
          .isInstanceOfSatisfying(
              Outcome.Refused.class, r -> assertThat(r.refusal()).isEqualTo(Refusal.OTHER));
      assertThat(elsewhere.requests()).isEmpty();
      assertThat(server.requests()).hasSize(1);
    }
  }

  @Test
  void nothingListens() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    try (ClientFixture fixture =
        new ClientFixture(URI.create("http://127.0.0.1:" + port + "/v1"))) {
      assertThat(fixture.ask())
          .isInstanceOfSatisfying(
              Outcome.Unavailable.class,
              u ->
                  assertThat(u.reason())
                      .contains("no connection to 127.0.0.1:" + port + ": Connection refused")
                      .contains("3 of 3", "api.base_url"));
      assertThat(fixture.rows.rows).isEmpty();
    }
  }

  @Test
  void anAnswerThatIsTooLongIsNotAskedForAgain() throws Exception {
    String big = "[" + " ".repeat(5000) + "]";
    for (Step step : List.of(json(big), gzipped(gzip(big)))) {
      try (ScriptedServer server = new ScriptedServer(step);
          ClientFixture fixture =
              new ClientFixture(
                  server.baseUrl(), Duration.ofSeconds(30), 1000, new RetryBudget(9, 9))) {
        assertThat(fixture.ask())
            .isInstanceOfSatisfying(
                Outcome.Malformed.class, m -> assertThat(m.reason()).contains("1000 bytes"));
        assertThat(server.requests()).hasSize(1);
      }
    }
  }

  @Test
  void anEnvelopeThatHasMoreIsRefused() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(json("{\"data\":" + GOOD + ",\"has_more\":true}"));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      assertThat(fixture.ask()).isInstanceOf(Outcome.Malformed.class);
      assertThat(server.requests()).hasSize(1);
    }
  }

  /**
   * A whole answer of another form is no accident of the line: it is asked for twice, not six
   * times.
   */
  @ParameterizedTest
  @ValueSource(strings = {"row", "depth", "number"})
  void whatCanNeverBeUsedIsAskedForTwice(String kind) throws Exception {
    String body =
        switch (kind) {
          case "row" -> "[1]";
          case "depth" -> "[{\"x\":" + "[".repeat(1_500) + "]".repeat(1_500) + "}]";
          default -> "[{\"visits\":" + "1".repeat(1_500) + "}]";
        };
    try (ScriptedServer server = new ScriptedServer(json(body));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      assertThat(fixture.ask())
          .isInstanceOfSatisfying(
              Outcome.Malformed.class, m -> assertThat(m.lasting()).as(m.reason()).isTrue());
      assertThat(server.requests()).hasSize(2);
    }
  }

  /** Also when less than the longest wait is left of it: no task asks early. */
  @ParameterizedTest
  @ValueSource(ints = {901, 3300, 7200})
  void aWaitLongerThanOursEndsEveryCallUntilItIsOver(int seconds) throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(
                answer(429, "application/json", "{}", "Retry-After: " + seconds), json(GOOD));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      Instant until = fixture.time.instant().plusSeconds(seconds);
      for (int i = 0; i < 2; i++) {
        assertThat(fixture.ask())
            .isInstanceOfSatisfying(
                Outcome.Unavailable.class,
                u -> {
                  assertThat(u.reason()).contains("until " + until).contains("--wait");
                  assertThat(u.cause()).isEqualTo(Outcome.Unavailable.Cause.CLOSED);
                  assertThat(u.endsRun()).isTrue();
                });
      }
      assertThat(server.requests()).hasSize(1);
      fixture.time.pass(Duration.ofSeconds(2));
      Outcome<AggregationAnswer> later = fixture.ask();
      if (seconds == 901) {
        assertThat(later).isInstanceOf(Outcome.Success.class);
        assertThat(fixture.time.instant()).isAfterOrEqualTo(until);
      } else {
        assertThat(later).isInstanceOf(Outcome.Unavailable.class);
        assertThat(server.requests()).hasSize(1);
      }
    }
  }

  private static Step[] afterFailures(int failures, Step... then) {
    List<Step> script = new ArrayList<>(Collections.nCopies(failures, answer(504, "", "")));
    script.addAll(List.of(then));
    return script.toArray(new Step[0]);
  }

  private static Step tooManyFor600Seconds() {
    return answer(429, "application/json", "{}", "Retry-After: 600");
  }

  /** Whatever becomes of the call that it came with, the next request waits. */
  @Test
  void theWaitThatALastAttemptIsAskedForIsObeyed() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(afterFailures(2, tooManyFor600Seconds(), json(GOOD)));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      assertThat(fixture.ask()).isInstanceOf(Outcome.Unavailable.class);
      assertTheNextOneWaits(fixture);
    }
  }

  @Test
  void theWaitThatACallWithoutARetryLeftIsAskedForIsObeyed() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(afterFailures(1, tooManyFor600Seconds(), json(GOOD)));
        ClientFixture fixture =
            new ClientFixture(
                server.baseUrl(), Duration.ofSeconds(30), 1000, new RetryBudget(1, 9))) {
      assertThat(fixture.ask())
          .isInstanceOfSatisfying(
              Outcome.Unavailable.class,
              u -> assertThat(u.cause()).isEqualTo(Outcome.Unavailable.Cause.RETRIES_SPENT));
      assertTheNextOneWaits(fixture);
    }
  }

  @Test
  void theWaitThatAProbeIsAskedForIsObeyed() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(afterFailures(9, tooManyFor600Seconds(), json(GOOD)));
        ClientFixture fixture = ClientFixture.of(server.baseUrl(), ClientFixture.policy())) {
      for (String site : List.of("A", "B", "C", "D")) {
        assertThat(fixture.ask("pages", site)).isInstanceOf(Outcome.Unavailable.class);
      }
      assertThat(server.requests()).as("the last one was a probe").hasSize(10);
      assertTheNextOneWaits(fixture);
    }
  }

  private static Step maintenanceFor600Seconds() {
    return answer(503, "text/plain", "", "Retry-After: 600");
  }

  /** Also that of a 503 is obeyed after a last attempt: for its site, and for no other. */
  @Test
  void theWaitOfAnUnavailableSiteIsItsOwn() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(afterFailures(2, maintenanceFor600Seconds(), json(GOOD)));
        ClientFixture fixture = ClientFixture.of(server.baseUrl(), ClientFixture.policy())) {
      assertThat(fixture.ask("pages", "SICK")).isInstanceOf(Outcome.Unavailable.class);
      Duration asked = fixture.time.elapsed();
      assertThat(fixture.ask("pages", "WELL")).isInstanceOf(Outcome.Success.class);
      assertThat(fixture.time.elapsed()).as("no wait for another site").isEqualTo(asked);
      assertThat(fixture.ask("traffic", "SICK")).isInstanceOf(Outcome.Success.class);
      assertThat(fixture.time.elapsed().minus(asked))
          .isGreaterThanOrEqualTo(Duration.ofMinutes(10));
    }
  }

  /** The probe's own site waits, and so does the next probe. */
  @Test
  void theWaitThatAProbeOfAnUnavailableApiIsAskedForIsObeyed() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(afterFailures(9, maintenanceFor600Seconds(), json(GOOD)));
        ClientFixture fixture = ClientFixture.of(server.baseUrl(), ClientFixture.policy())) {
      for (String site : List.of("A", "B", "C", "D")) {
        assertThat(fixture.ask("pages", site)).isInstanceOf(Outcome.Unavailable.class);
      }
      assertThat(server.requests()).as("the last one was a probe").hasSize(10);
      assertTheNextOneWaits(fixture);
    }
  }

  /** Where the caller has other sites to query, its thread does not sleep. */
  @Test
  void aCallerThatPostponesIsNotKeptWaiting() throws Exception {
    try (ScriptedServer server = new ScriptedServer(maintenanceFor600Seconds(), json(GOOD));
        ClientFixture fixture = ClientFixture.of(server.baseUrl(), ClientFixture.policy())) {
      FathomClient client = fixture.client.postponing();
      for (int i = 0; i < 2; i++) {
        assertThat(client.aggregations(ClientFixture.REQUEST, fixture.rows))
            .isInstanceOfSatisfying(
                Outcome.Unavailable.class,
                u -> assertThat(u.cause()).isEqualTo(Outcome.Unavailable.Cause.HELD));
      }
      assertThat(server.requests()).hasSize(1);
      assertThat(fixture.time.elapsed()).isLessThan(Duration.ofMinutes(1));
      client.awaitHeld(ClientFixture.REQUEST.slice().site());
      assertThat(fixture.time.elapsed()).isEqualTo(Duration.ofMinutes(10));
      assertThat(client.aggregations(ClientFixture.REQUEST, fixture.rows))
          .isInstanceOf(Outcome.Success.class);
    }
  }

  private static void assertTheNextOneWaits(ClientFixture fixture) throws Exception {
    Duration asked = fixture.time.elapsed();
    assertThat(fixture.ask()).isInstanceOf(Outcome.Success.class);
    assertThat(fixture.time.elapsed().minus(asked)).isGreaterThanOrEqualTo(Duration.ofMinutes(10));
  }

  @Test
  void theWaitThatTheAccountsEndpointAsksForIsObeyed() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(afterFailures(3, tooManyFor600Seconds(), json("{}")));
        ClientFixture fixture = ClientFixture.waiting(server.baseUrl())) {
      assertThat(fixture.ask()).isInstanceOf(Outcome.Unavailable.class);
      assertThat(server.requests().get(3)).contains("/token");
      Duration asked = fixture.time.elapsed();
      assertThat(fixture.client.token()).isInstanceOf(Outcome.Success.class);
      assertThat(fixture.time.elapsed().minus(asked))
          .isGreaterThanOrEqualTo(Duration.ofMinutes(10));
    }
  }

  /** One that waits is answered, and has waited; the wait costs none of the query's attempts. */
  @Test
  void aClientThatWaitsSitsOutEveryWait() throws Exception {
    Step[] script =
        new Step[] {
          answer(429, "application/json", "{}", "Retry-After: 901"),
          answer(429, "application/json", "{}", "Retry-After: 3300"),
          answer(503, "text/plain", "", "Retry-After: 40000"),
          answer(429, "application/json", "{}", "Retry-After: 901"),
          json(GOOD)
        };
    try (ScriptedServer server = new ScriptedServer(script);
        ClientFixture fixture = ClientFixture.waiting(server.baseUrl())) {
      assertThat(fixture.ask()).isInstanceOf(Outcome.Success.class);
      assertThat(server.requests()).hasSize(5);
      assertThat(fixture.time.elapsed()).isGreaterThanOrEqualTo(Duration.ofSeconds(45_102));
      assertThat(fixture.longWaits()).as("one line per wait").hasSize(4);
    }
  }

  @Test
  void aStopEndsALongWaitAtOnce() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(answer(429, "application/json", "{}", "Retry-After: 3300"));
        ClientFixture fixture = ClientFixture.waiting(server.baseUrl())) {
      fixture.stopWhen = RequestListener.Event.LongWait.class;
      assertThat(fixture.ask()).isInstanceOf(Outcome.Stopped.class);
      assertThat(server.requests()).hasSize(1);
    }
  }

  @Test
  void aSpentBudgetEndsTheCall() throws Exception {
    try (ScriptedServer server = new ScriptedServer(answer(503, "text/plain", ""));
        ClientFixture fixture =
            new ClientFixture(
                server.baseUrl(), Duration.ofSeconds(30), 1000, new RetryBudget(1, 9))) {
      assertThat(fixture.ask())
          .isInstanceOfSatisfying(
              Outcome.Unavailable.class,
              u -> {
                assertThat(u.cause()).isEqualTo(Outcome.Unavailable.Cause.RETRIES_SPENT);
                assertThat(u.endsRun()).isFalse();
              });
      assertThat(server.requests()).hasSize(2);
    }
  }

  @Test
  void astopEndsAWaitBeforeARetry() throws Exception {
    try (ScriptedServer server = new ScriptedServer(answer(503, "text/plain", ""));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      fixture.stopWhen = RequestListener.Event.Waiting.class;
      assertThat(fixture.ask()).isInstanceOf(Outcome.Stopped.class);
      assertThat(server.requests()).hasSize(1);
      assertThat(fixture.ask()).isInstanceOf(Outcome.Stopped.class);
      assertThat(server.requests()).hasSize(1);
    }
  }

  @Test
  void anAnswerUnderWayAtAStopIsReadToItsEnd() throws Exception {
    try (ScriptedServer server = new ScriptedServer(json(GOOD));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      fixture.stopWhen = RequestListener.Event.Sent.class;
      assertThat(fixture.ask()).isInstanceOf(Outcome.Success.class);
      assertThat(fixture.ask()).isInstanceOf(Outcome.Stopped.class);
    }
  }

  @Test
  void anAnswerThatStallsAfterAStopIsCut() throws Exception {
    StopSignal stop = new StopSignal();
    try (ScriptedServer server = new ScriptedServer(ScriptedServer.stallAfterHeaders());
        Transport transport =
            new Transport(
                ApiSettings.of(server.baseUrl(), new SecretRef.Env("T")),
                Map.of(),
                "token",
                "test",
                stop,
                Duration.ofMillis(100),
                TimeSource.system())) {
      assertThat(
              transport.attempt(
                  server.baseUrl().toString(),
                  () -> {},
                  body -> {
                    stop.stop();
                    return body.read();
                  }))
          .isInstanceOf(CallAttempt.Stopped.class);
    }
  }

  @Test
  void aConnectionThatIsKeptAndThenLostIsNotUsedAgainUnasked() throws Exception {
    try (ScriptedServer server = new ScriptedServer(ScriptedServer.keptThenLost("[]"), json(GOOD));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      assertThat(fixture.ask().value().orElseThrow().requests()).isEqualTo(1);
      assertThat(fixture.ask().value().orElseThrow().requests()).isEqualTo(2);
      assertThat(server.requests()).hasSize(3);
      assertThat(fixture.client.billedRequests()).isEqualTo(3);
    }
  }

  @Test
  void theHandlersFaultIsNotTheApis() throws Exception {
    try (ScriptedServer server = new ScriptedServer(json(GOOD));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      RowHandler full =
          new RowHandler() {
            @Override
            public void restart() {}

            @Override
            public void row(RawRow row) throws IOException {
              throw new IOException("No space left on device");
            }
          };
      assertThatThrownBy(() -> fixture.client.aggregations(ClientFixture.REQUEST, full))
          .isInstanceOf(IOException.class)
          .hasMessage("No space left on device");
      assertThat(server.requests()).hasSize(1);
      assertThat(fixture.ask()).isInstanceOf(Outcome.Success.class);
    }
  }

  private static List<List<Cell>> goodRows() {
    return List.of(row("2026-03-01", "/a", "2", "3"), row("2026-03-02", "/b", "1", "1"));
  }

  private static List<Cell> row(String... texts) {
    return Arrays.stream(texts).map(t -> new Cell(JsonKind.STRING, t)).toList();
  }
}
