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
import java.util.ArrayList;
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

  @Test
  void whatIsNotBilledIsReportedAndNotCounted() throws Exception {
    try (ScriptedServer server = new ScriptedServer(ScriptedServer.json("{}"));
        CallerParts parts = parts(server.baseUrl())) {
      assertThat(
              parts.sender.send(
                  Endpoint.TOKEN, null, "/token", 1, () -> {}, RequestSenderTest::text))
          .isEqualTo(new CallAttempt.Usable<>("{}"));
      assertThat(parts.sender.billed()).isZero();
      assertThat(parts.state.billed).hasValue(0);
      assertThat(parts.events)
          .containsExactly(
              new RequestListener.Event.Sent(Endpoint.TOKEN, 1),
              new RequestListener.Event.Answered(Endpoint.TOKEN, 1, true, Duration.ZERO));
    }
  }

  /** Keeps the steps of a request, each of which takes a second. */
  private static final class Steps implements RequestSender.Preparation {
    private final CallerParts parts;
    private final List<String> seen = new ArrayList<>();

    Steps(CallerParts parts) {
      this.parts = parts;
    }

    private void step(String name) {
      seen.add(name);
      parts.time.pass(Duration.ofSeconds(1));
    }

    @Override
    public void prepare() {
      step("prepared");
    }

    @Override
    public void sent() {
      step("sent");
    }

    String read(InputStream body) throws IOException {
      step("read");
      return text(body);
    }
  }

  @Test
  void aRequestIsPreparedThenSentAndItsAnswerRead() throws Exception {
    try (ScriptedServer server = new ScriptedServer(ScriptedServer.json("[]"));
        CallerParts parts = parts(server.baseUrl())) {
      Steps steps = new Steps(parts);
      parts.sender.send(Endpoint.AGGREGATIONS, SITE, QUERY, 1, steps, steps::read);
      assertThat(steps.seen).containsExactly("prepared", "sent", "read");
      assertThat(parts.events)
          .as("the preparation is no part of what the API takes")
          .endsWith(
              new RequestListener.Event.Answered(
                  Endpoint.AGGREGATIONS, 1, true, Duration.ofSeconds(2)));
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
      Steps steps = new Steps(parts);
      assertThat(parts.sender.send(Endpoint.AGGREGATIONS, SITE, QUERY, 2, steps, steps::read))
          .isInstanceOfSatisfying(
              CallAttempt.Faulty.class, f -> assertThat(f.fault()).isEqualTo(Fault.UNREACHABLE));
      assertThat(steps.seen).containsExactly("prepared");
      assertThat(parts.sender.billed()).isZero();
      assertThat(parts.state.billed).hasValue(0);
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
      parts.sender.send(Endpoint.TOKEN, null, "/token", 1, () -> {}, RequestSenderTest::text);
      assertThat(parts.time.instant())
          .as("what is not billed has a quota of its own")
          .isEqualTo(start);
      send(parts);
      assertThat(parts.time.instant())
          .as("no permit before the time that the API has named")
          .isAfterOrEqualTo(start.plusSeconds(40));
      assertThat(parts.events)
          .as("the wait for the permit is no part of what the API takes")
          .endsWith(
              new RequestListener.Event.Answered(Endpoint.AGGREGATIONS, 2, true, Duration.ZERO));
    }
  }

  /** The rows could not be written to this machine's disk, for example. */
  @Test
  void aReaderThatFailsKeepsNoPermitAndItsRequestIsCounted() throws Exception {
    try (ScriptedServer server = new ScriptedServer(ScriptedServer.json("[]"));
        CallerParts parts = parts(server.baseUrl())) {
      HandlerException full = new HandlerException(new IOException("no space left on device"));
      assertThatThrownBy(
              () ->
                  parts.sender.send(
                      Endpoint.AGGREGATIONS,
                      SITE,
                      QUERY,
                      1,
                      () -> {},
                      body -> {
                        throw full;
                      }))
          .isSameAs(full);
      assertThat(parts.sender.billed()).isEqualTo(1);
      assertThat(parts.events)
          .endsWith(
              new RequestListener.Event.Answered(Endpoint.AGGREGATIONS, 1, false, Duration.ZERO));
      assertThat(send(parts)).isEqualTo(new CallAttempt.Usable<>("[]"));
    }
  }

  /** There is one permit: a second request would be stopped as it waits for one that is kept. */
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
