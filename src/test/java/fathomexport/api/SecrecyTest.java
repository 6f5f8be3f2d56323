package fathomexport.api;

import static fathomexport.api.ScriptedServer.answer;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import fathomexport.api.pacing.RetryBudget;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Everything that is logged, thrown or shown, with every logger at its loudest. */
class SecrecyTest {
  private final Logger root = (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();
  private Level before = Level.INFO;

  @BeforeEach
  void listen() {
    before = root.getLevel();
    root.setLevel(Level.TRACE);
    log.start();
    root.addAppender(log);
  }

  @AfterEach
  void stopListening() {
    root.detachAppender(log);
    root.setLevel(before);
  }

  @Test
  void theTokenIsNowhere() throws Exception {
    String token = ClientFixture.TOKEN;
    String echo = "{\"error\":\"token " + token + " is bad\"}";
    List<String> shown = new ArrayList<>();
    try (ScriptedServer server =
            new ScriptedServer(
                answer(503, "application/json", echo),
                answer(200, token + "/html", echo),
                answer(401, "application/json", echo),
                ScriptedServer.reset(),
                answer(200, "application/json", token),
                answer(429, "application/json", echo, "Retry-After: 1"),
                ScriptedServer.stallAfterHeaders());
        ClientFixture fixture =
            new ClientFixture(
                server.baseUrl(), Duration.ofMillis(300), 1 << 20, new RetryBudget(9, 9))) {
      for (int i = 0; i < 3; i++) {
        shown.add(String.valueOf(fixture.ask()));
      }
      assertThat(server.requests())
          .isNotEmpty()
          .allMatch(r -> r.contains("Authorization: Bearer " + token));
      shown.add(String.valueOf(fixture.events));
    }
    assertThat(shown.get(0)).contains("***");
    for (ILoggingEvent event : log.list) {
      shown.add(event.getFormattedMessage());
      for (var cause = event.getThrowableProxy(); cause != null; cause = cause.getCause()) {
        shown.add(String.valueOf(cause.getMessage()));
      }
    }
    assertThat(log.list)
        .filteredOn(e -> e.getLoggerName().equals(FathomClient.class.getName()))
        .isNotEmpty()
        .allMatch(e -> e.getLevel() == Level.WARN);
    assertThat(shown).noneMatch(s -> s.contains(token));
  }
}
