package fathomexport.simulator;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import fathomexport.simulator.answer.Answer;
import fathomexport.simulator.answer.ApiProblem;
import fathomexport.simulator.behaviour.ApiRequest;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.truth.Truth;
import fathomexport.simulator.world.World;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An HTTP server on 127.0.0.1 that answers like Fathom's API, from the raw records of a {@link
 * World}. Sources: the API's documentation of reports, and for the rest recorded responses.
 */
public final class FathomSimulator implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(FathomSimulator.class);

  static final String VERSION = "/v1";

  private static final byte[] LOOPBACK = {127, 0, 0, 1};

  private final World world;
  private final InstantSource clock;
  private volatile InstantSource dates;
  private final @Nullable Consumer<Duration> pauses;
  private final HttpServer server;
  private final ExecutorService threads;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final RequestLog log = new RequestLog();
  private final Endpoints endpoints;
  private final Admission admission = new Admission();
  private final Map<FaultRule, AtomicInteger> timesApplied = new HashMap<>();
  private volatile Behaviour behaviour;

  /** The response to a request and the fault that damages it, if any. */
  private record Outcome(Answer answer, @Nullable Fault fault) {}

  private FathomSimulator(
      World world,
      Behaviour behaviour,
      HttpServer server,
      InstantSource clock,
      @Nullable Consumer<Duration> pauses) {
    this.world = world;
    this.behaviour = behaviour;
    this.server = server;
    this.clock = clock;
    this.dates = clock;
    this.pauses = pauses;
    this.endpoints = new Endpoints(world, this::baseUri, this::pause);
    AtomicInteger number = new AtomicInteger();
    this.threads =
        Executors.newCachedThreadPool(
            work -> {
              Thread thread = new Thread(work, "simulator-" + number.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
  }

  /** Starts a server with the system's clock on any free port. */
  public static FathomSimulator start(World world, Behaviour behaviour) throws IOException {
    return start(world, behaviour, 0);
  }

  /**
   * Starts a server with the system's clock.
   *
   * @param port 0 for any free port
   * @throws IOException if the port is in use
   */
  public static FathomSimulator start(World world, Behaviour behaviour, int port)
      throws IOException {
    return start(world, behaviour, port, InstantSource.system());
  }

  /**
   * Starts a server.
   *
   * @param clock the time for quotas, for {@code now}, and for the date of each response
   */
  public static FathomSimulator start(
      World world, Behaviour behaviour, int port, InstantSource clock) throws IOException {
    return start(world, behaviour, port, clock, null);
  }

  /**
   * Starts a server whose delays the caller controls, for example by advancing the clock.
   *
   * @param pauses receives each delay instead of waiting for it; null to wait in real time
   */
  public static FathomSimulator start(
      World world,
      Behaviour behaviour,
      int port,
      InstantSource clock,
      @Nullable Consumer<Duration> pauses)
      throws IOException {
    // Without this property, the end of a long response waits 40 ms for the client to acknowledge
    // its start.
    if (System.getProperty("sun.net.httpserver.nodelay") == null) {
      System.setProperty("sun.net.httpserver.nodelay", "true");
    }
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getByAddress(LOOPBACK), port), 100);
    FathomSimulator simulator = new FathomSimulator(world, behaviour, server, clock, pauses);
    server.setExecutor(simulator.threads);
    server.createContext("/", simulator::handle);
    server.start();
    return simulator;
  }

  /** Returns the base address of the API, such as {@code http://127.0.0.1:8080/v1}. */
  public URI baseUri() {
    return URI.create("http://127.0.0.1:" + port() + VERSION);
  }

  public int port() {
    return server.getAddress().getPort();
  }

  public World world() {
    return world;
  }

  public RequestLog log() {
    return log;
  }

  public Behaviour behaviour() {
    return behaviour;
  }

  /**
   * Changes the behaviour from the next request on. Quotas that stay the same keep their counts;
   * others begin at zero when they come back, even if no request was sent in between.
   */
  public void behave(Behaviour newBehaviour) {
    this.behaviour = newBehaviour;
    admission.forgetOtherQuotas(newBehaviour);
  }

  /** Dates responses by another clock: for a client that knows only its machine's. */
  public void dateBy(InstantSource newDates) {
    dates = newDates;
  }

  /** Returns the expected content of this server's reports. */
  public Truth truth() {
    return new Truth(world, behaviour);
  }

  /** Stops at once and cuts responses that are in progress. */
  @Override
  public void close() {
    closing.countDown();
    server.stop(0);
    threads.shutdownNow();
  }

  private void pause(Duration duration) throws InterruptedException {
    if (pauses != null) {
      pauses.accept(duration);
      return;
    }
    if (closing.await(duration.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new InterruptedException("the simulator is closing");
    }
  }

  private void handle(HttpExchange exchange) throws IOException {
    Instant now = clock.instant();
    Behaviour current = behaviour;
    URI uri = exchange.getRequestURI();
    RequestLog.Ticket ticket =
        log.arrive(
            exchange.getRequestMethod(),
            uri.getPath(),
            parameters(uri.getRawQuery()),
            now,
            System.nanoTime());
    try {
      exchange.getRequestBody().readAllBytes();
      serve(exchange, ticket, current, now);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AnswerTransport.Cut();
    } finally {
      ticket.end(clock.instant(), System.nanoTime());
    }
  }

  private void serve(
      HttpExchange exchange, RequestLog.Ticket ticket, Behaviour current, Instant now)
      throws IOException, InterruptedException {
    String accept = exchange.getRequestHeaders().getFirst("Accept");
    boolean json = accept != null && accept.contains("application/json");
    String user = null;
    Outcome outcome;
    try {
      SimulatorToken token = Admission.token(exchange, current);
      if (admission.enter(token.user()) > current.inFlightLimit()) {
        user = token.user();
        throw Admission.tooMany(
            current, now, Duration.ofSeconds(1), "Too many requests in flight.");
      }
      user = token.user();
      admission.count(ticket.request(), token, current, now);
      ticket.count();
      outcome = outcome(ticket.request(), token, current, now);
    } catch (ApiProblem problem) {
      outcome = new Outcome(error(problem, json), null);
    }
    String entered = user;
    Runnable end =
        () -> {
          admission.leave(entered);
          ticket.end(clock.instant(), System.nanoTime());
        };
    try {
      Answer answer = outcome.answer();
      Fault fault = outcome.fault();
      if (fault instanceof Fault.HangUp) {
        end.run();
        throw new AnswerTransport.Cut();
      }
      if (fault instanceof Fault.Delay delay) {
        pause(delay.pause());
      }
      ticket.settle(answer.status(), answer.rows());
      DatedByClock.date(exchange.getResponseHeaders(), dates);
      if (current.rateLimitHeaders()) {
        exchange
            .getResponseHeaders()
            .set("X-RateLimit-Limit", Integer.toString(current.reportsQuota().size()));
      }
      AnswerTransport.send(exchange, answer, fault, current, this::pause, end);
    } catch (IOException clientGone) {
      LOG.debug(
          "the client did not read the answer to {}: {}",
          ticket.request().path(),
          clientGone.toString());
      throw clientGone;
    } finally {
      if (!ticket.over()) {
        end.run();
      }
    }
  }

  private Outcome outcome(ApiRequest request, SimulatorToken token, Behaviour current, Instant now)
      throws ApiProblem, InterruptedException {
    Fault fault = fault(request, token.user(), current);
    if (fault instanceof Fault.Status status) {
      return new Outcome(AnswerTransport.ofFault(status), null);
    }
    return new Outcome(endpoints.answer(request, token, current, now), fault);
  }

  private @Nullable Fault fault(ApiRequest request, String user, Behaviour current) {
    for (FaultRule rule : current.faults()) {
      if (rule.fits(request, user)) {
        synchronized (timesApplied) {
          AtomicInteger times = timesApplied.computeIfAbsent(rule, r -> new AtomicInteger());
          if (times.incrementAndGet() <= rule.times()) {
            return rule.fault();
          }
        }
      }
    }
    return null;
  }

  private static Answer error(ApiProblem problem, boolean json) {
    if (json) {
      return new Answer(
          problem.status(), "application/json", Answer.utf8(problem.body()), problem.headers(), 0);
    }
    String page =
        "<!DOCTYPE html>\n<html><head><title>" + problem.status() + "</title></head><body></body>";
    return new Answer(
        problem.status(), "text/html; charset=UTF-8", Answer.utf8(page), problem.headers(), 0);
  }

  private static Map<String, String> parameters(@Nullable String query) {
    Map<String, String> parameters = new LinkedHashMap<>();
    if (query != null && !query.isEmpty()) {
      for (String pair : query.split("&", -1)) {
        int equals = pair.indexOf('=');
        String name = equals < 0 ? pair : pair.substring(0, equals);
        String value = equals < 0 ? "" : pair.substring(equals + 1);
        parameters.put(decoded(name), decoded(value));
      }
    }
    return parameters;
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }
}
