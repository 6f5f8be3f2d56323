package fathomexport.api;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.api.ScriptedServer.Step;
import fathomexport.api.pacing.CircuitBreaker.Pass;
import fathomexport.report.SiteId;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whether the API is down, or only the sites whose queries fail. */
@Timeout(300)
class AccountProbeTest {
  private static final SiteId SICK = new SiteId("SICK");
  private static final Step TOKEN = ScriptedServer.json("{\"id\":1}");
  private static final Step DOWN = ScriptedServer.answer(503, "text/plain", "down for repairs");

  /** The parts of an impatient command, whose breaker is over with the first failure. */
  private static CallerParts parts(ScriptedServer server) {
    return new CallerParts(
        server.baseUrl(),
        CallRules.of(ClientFixture.policy().withPatience(Duration.ZERO)),
        ClientFixture.policy().maxAttempts());
  }

  private static void open(CallerParts parts) {
    for (String site : new String[] {"A", "B", "SICK"}) {
      parts.state.breaker.failed(new SiteId(site), "503: down", false, Duration.ZERO);
    }
    assertThat(parts.state.breaker.isOver()).isTrue();
  }

  @Test
  void anAccountAnswersByOneRequestThatIsNotBilled() throws Exception {
    try (ScriptedServer server = new ScriptedServer(TOKEN);
        CallerParts parts = parts(server)) {
      assertThat(parts.account.answers()).isTrue();
      assertThat(server.requests())
          .singleElement()
          .satisfies(head -> assertThat(head).startsWith("GET /v1/token "));
      assertThat(parts.state.billed).hasValue(0);
    }
  }

  @Test
  void aRefusalAndALimitAreAnswersAndAFaultIsNone() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(
                ScriptedServer.answer(401, "text/plain", "no"),
                ScriptedServer.answer(429, "text/plain", "slower"),
                DOWN,
                ScriptedServer.hangUp());
        CallerParts parts = parts(server)) {
      assertThat(parts.account.answers()).as("refused").isTrue();
      assertThat(parts.account.answers()).as("limited").isTrue();
      assertThat(parts.account.answers()).as("503").isFalse();
      assertThat(parts.account.answers()).as("no answer").isFalse();
    }
  }

  @Test
  void nothingIsSentWhileTheApiAsksToWait() throws Exception {
    try (ScriptedServer server = new ScriptedServer(TOKEN);
        CallerParts parts = parts(server)) {
      parts.state.asked.add(null, Duration.ofMinutes(1), "503: later");
      assertThat(parts.account.answers()).isFalse();
      assertThat(server.requests()).isEmpty();
    }
  }

  @Test
  void theSitesAreDownIfTheAccountAnswers() throws Exception {
    try (ScriptedServer server = new ScriptedServer(TOKEN);
        CallerParts parts = parts(server)) {
      open(parts);
      parts.account.findOutWhatIsDown();
      assertThat(parts.state.breaker.isDown()).isFalse();
      assertThat(parts.state.breaker.enter(SICK, (time, reason) -> {})).isEqualTo(Pass.SITE_DOWN);
      assertThat(parts.state.breaker.enter(new SiteId("OTHER"), (time, reason) -> {}))
          .as("each other site may still send one request")
          .isEqualTo(Pass.PROBE);
    }
  }

  @Test
  void theApiIsDownIfTheAccountDoesNotAnswerEither() throws Exception {
    try (ScriptedServer server = new ScriptedServer(DOWN);
        CallerParts parts = parts(server)) {
      open(parts);
      parts.account.findOutWhatIsDown();
      assertThat(parts.state.breaker.isDown()).isTrue();
      assertThat(parts.state.downWords).isEqualTo("it has not answered any request: 503: down");
    }
  }

  /** An API that only answers 429 is asked for nothing more. */
  @Test
  void theApiIsDownIfItHasOnlyAskedToWait() throws Exception {
    try (ScriptedServer server = new ScriptedServer(TOKEN);
        CallerParts parts = parts(server)) {
      open(parts);
      parts.state.limited.set(true);
      parts.account.findOutWhatIsDown();
      assertThat(parts.state.breaker.isDown()).isTrue();
      assertThat(parts.state.downWords)
          .isEqualTo(
              "it has accepted no request, but asked to wait (429) or failed each time: 503: down");
      assertThat(server.requests()).isEmpty();
    }
  }
}
