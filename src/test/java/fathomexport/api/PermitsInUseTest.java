package fathomexport.api;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.api.answer.AggregationAnswer;
import fathomexport.api.pacing.CappedPermits;
import fathomexport.api.pacing.Permits;
import fathomexport.api.pacing.RetryBudget;
import fathomexport.api.pacing.StoppedException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** What a client makes of permits that lapse, and of those that there are no more of. */
class PermitsInUseTest {
  private static final ScriptedServer.Step EMPTY =
      (socket, out, server) ->
          out.write(
              "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]"
                  .getBytes(StandardCharsets.US_ASCII));
  private static final ScriptedServer.Step UNAVAILABLE =
      (socket, out, server) ->
          out.write(
              "HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
  private static final ScriptedServer.Step LIMITED =
      (socket, out, server) ->
          out.write(
              "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));

  private static ClientFixture fixture(URI url, UnaryOperator<Permits> around) {
    return new ClientFixture(
        url, Duration.ofSeconds(30), 1 << 20, new RetryBudget(100, 10), around);
  }

  private static long sent(ScriptedServer server) {
    return server.requests().stream().filter(head -> !head.isEmpty()).count();
  }

  /** Permits of which the first few lapse; counts what is told of them. */
  private static final class Lapsing implements Permits {
    private final Permits permits;
    private final AtomicInteger lapses;
    private final AtomicInteger limited = new AtomicInteger();

    Lapsing(Permits permits, int lapses) {
      this.permits = permits;
      this.lapses = new AtomicInteger(lapses);
    }

    @Override
    public Permit acquire(Consumer<Wait> waiting) throws InterruptedException, StoppedException {
      Permit permit = permits.acquire(waiting);
      return new Permit() {
        @Override
        public boolean begin() {
          return lapses.getAndDecrement() <= 0;
        }

        @Override
        public void limited() {
          limited.incrementAndGet();
        }

        @Override
        public void close() {
          permit.close();
        }
      };
    }

    @Override
    public void deferUntil(Instant time) {
      permits.deferUntil(time);
    }
  }

  @Test
  void whatHasLapsedIsNotSent() throws Exception {
    try (ScriptedServer server = new ScriptedServer(EMPTY);
        ClientFixture fixture = fixture(server.baseUrl(), p -> new Lapsing(p, 2))) {
      assertThat(fixture.ask().value()).isPresent();
      assertThat(sent(server)).isEqualTo(1);
      assertThat(fixture.client.billedRequests()).isEqualTo(1);
    }
  }

  @Test
  void permitsLearnOfLimits() throws Exception {
    Lapsing[] permits = new Lapsing[1];
    try (ScriptedServer server = new ScriptedServer(LIMITED, UNAVAILABLE, EMPTY);
        ClientFixture fixture = fixture(server.baseUrl(), p -> permits[0] = new Lapsing(p, 0))) {
      assertThat(fixture.ask().value()).isPresent();
      assertThat(permits[0].limited.get()).isEqualTo(1);
    }
  }

  /** A connection that is refused carries no request: nothing is billed, and no cap is reached. */
  @Test
  void whatIsNotSentIsNotCounted() throws Exception {
    URI nowhere;
    try (ScriptedServer server = new ScriptedServer(EMPTY)) {
      nowhere = server.baseUrl();
    }
    try (ClientFixture fixture = fixture(nowhere, p -> new CappedPermits(p, 1))) {
      Outcome<AggregationAnswer> outcome = fixture.ask();

      assertThat(outcome)
          .as("neither of the attempts uses up the one request that the run may send")
          .isInstanceOf(Outcome.Unavailable.class);
      assertThat(fixture.client.billedRequests()).isZero();
      assertThat(fixture.client.billedRequestsHere()).isZero();
      assertThat(fixture.events).noneMatch(RequestListener.Event.Sent.class::isInstance);
      assertThat(fixture.events.stream().filter(RequestListener.Event.Answered.class::isInstance))
          .as("attempts")
          .hasSizeGreaterThan(1);
    }
  }

  /** Retries included, and what lapsed unsent left out. */
  @Test
  void aCapIsNeverExceeded() throws Exception {
    try (ScriptedServer server = new ScriptedServer(EMPTY, UNAVAILABLE);
        ClientFixture fixture =
            fixture(server.baseUrl(), p -> new CappedPermits(new Lapsing(p, 1), 3))) {
      // The first connection is dropped by the lapse.
      Outcome<AggregationAnswer> outcome = fixture.ask();
      assertThat(outcome).isInstanceOf(Outcome.Unavailable.class);
      assertThat(sent(server)).isEqualTo(3);
      outcome = fixture.ask();
      assertThat(((Outcome.Spent<AggregationAnswer>) outcome).describe())
          .isEqualTo("the run's budget is used up: it may make no more than 3 requests");
      assertThat(sent(server)).isEqualTo(3);
      assertThat(fixture.client.billedRequests()).isEqualTo(3);
    }
  }
}
