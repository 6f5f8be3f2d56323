package fathomexport.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import fathomexport.api.CallAttempt.Fault;
import fathomexport.api.GuardedHandler.HandlerException;
import fathomexport.report.SiteId;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a single request counts, reports and records. */
@Timeout(300)
class RequestSenderTest {
  private static final SiteId SITE = new SiteId("CDBUGS");
  private static final String QUERY = "/aggregations?entity=pageview";

  private static CallerParts parts(URI baseUrl) {
    return new CallerParts(baseUrl, CallRules.of(ClientFixture.policy()), 6);
  }

  private static String text(InputStream body) throws IOException {
    return new String(body.readAllBytes(), StandardCharsets.UTF_8);
  }

  private static CallAttempt<String> send(CallerParts parts) throws Exception {
    return parts.sender.send(
        Endpoint.AGGREGATIONS, SITE, QUERY, 2, () -> {}, RequestSenderTest::text);
  }

  @Test
  void anAnswerIsReadAndItsRequestCounted() throws Exception {
    try (ScriptedServer server = new ScriptedServer(ScriptedServer.json("[1]"));
        CallerParts parts = parts(server.baseUrl())) {
      assertThat(send(parts)).isEqualTo(new CallAttempt.Usable<>("[1]"));
      assertThat(server.requests())
          .singleElement()
          .satisfies(head -> assertThat(head).startsWith("GET /v1" + QUERY + " "));
      assertThat(parts.sender.billed()).isEqualTo(1);
      assertThat(parts.state.billed).hasValue(1);
      assertThat(parts.events)
          .containsExactly(
              new RequestListener.Event.Sent(Endpoint.AGGREGATIONS, 2),
              new RequestListener.Event.Answered(Endpoint.AGGREGATIONS, 2, true, Duration.ZERO));
    }
  }

  /** What did not leave this machine is not paid for. */
  @Test
  void withoutAConnectionNothingIsCounted() throws Exception {
    int closed;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      closed = socket.getLocalPort();
    }
    try (CallerParts parts = parts(URI.create("http://127.0.0.1:" + closed + "/v1"))) {
      assertThat(send(parts))
          .isInstanceOfSatisfying(
              CallAttempt.Faulty.class, f -> assertThat(f.fault()).isEqualTo(Fault.UNREACHABLE));
      assertThat(parts.sender.billed()).isZero();
      assertThat(parts.events)
          .containsExactly(
              new RequestListener.Event.Answered(Endpoint.AGGREGATIONS, 2, false, Duration.ZERO));
    }
  }

  @Test
  void aWaitThatAResponseAsksForIsThatOfItsSite() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(
                ScriptedServer.answer(503, "text/plain", "later", "Retry-After: 40"));
        CallerParts parts = parts(server.baseUrl())) {
      send(parts);
      assertThat(parts.state.asked.of(SITE))
          .hasValueSatisfying(left -> assertThat(left.time()).isEqualTo(Duration.ofSeconds(40)));
      assertThat(parts.state.asked.of(new SiteId("OTHER"))).isEmpty();
      assertThat(parts.state.limited).isFalse();
    }
  }

  @Test
  void aLimitIsThatOfTheAccount() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(
                ScriptedServer.answer(429, "text/plain", "slower", "Retry-After: 40"),
                ScriptedServer.json("[]"));
        CallerParts parts = parts(server.baseUrl())) {
      Instant start = parts.time.instant();
      send(parts);
      assertThat(parts.state.asked.of(SITE)).isEmpty();
      assertThat(parts.state.limited).isTrue();
      assertThat(parts.events).contains(new RequestListener.Event.Limited(Endpoint.AGGREGATIONS));
      send(parts);
      assertThat(parts.time.instant())
          .as("no permit before the time that the API has named")
          .isAfterOrEqualTo(start.plusSeconds(40));
    }
  }

  /** There is one permit: a second request would wait for ever for one that was not given back. */
  @Test
  void aPreparationThatFailsSendsNothingAndKeepsNoPermit() throws Exception {
    try (ScriptedServer server = new ScriptedServer(ScriptedServer.json("[]"));
        CallerParts parts = parts(server.baseUrl())) {
      IOException full = new IOException("no space left on device");
      assertThatThrownBy(
              () ->
                  parts.sender.send(
                      Endpoint.AGGREGATIONS,
                      SITE,
                      QUERY,
                      1,
                      () -> {
                        throw full;
                      },
                      RequestSenderTest::text))
          .isInstanceOf(HandlerException.class)
          .hasCause(full);
      assertThat(parts.events).isEqualTo(List.of());
      assertThat(send(parts)).isEqualTo(new CallAttempt.Usable<>("[]"));
      assertThat(server.requests()).hasSize(1);
    }
  }
}
