package fathomexport.simulator;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import fathomexport.simulator.answer.AccountEndpoints;
import fathomexport.simulator.answer.AggregationQuery;
import fathomexport.simulator.answer.Aggregations;
import fathomexport.simulator.answer.Answer;
import fathomexport.simulator.answer.ApiProblem;
import fathomexport.simulator.answer.CurrentVisitors;
import fathomexport.simulator.behaviour.ApiRequest;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.Quota;
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
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
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
  private static final String VERSION = "/v1";
  private static final byte[] LOOPBACK = {127, 0, 0, 1};

  private final World world;
  private final InstantSource clock;
  private final @Nullable Consumer<Duration> pauses;
  private final HttpServer server;
  private final ExecutorService threads;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final RequestLog log = new RequestLog();
  private final Aggregations aggregations;
  private final AccountEndpoints account;
  private final CurrentVisitors currentVisitors;
  private final Map<String, QuotaMeter> reportMeters = new HashMap<>();
  private final Map<String, QuotaMeter> accountMeters = new HashMap<>();
  private final Map<Behaviour.Closure, Instant> closures = new HashMap<>();
  private final Map<String, Integer> underWay = new HashMap<>();
  private final Map<FaultRule, AtomicInteger> timesApplied = new HashMap<>();
  private final Set<Behaviour.Change> changesMade = new HashSet<>();
  private final Set<String> shapesSeen = new HashSet<>();
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
    this.pauses = pauses;
    this.aggregations = new Aggregations(world);
    this.account = new AccountEndpoints(world);
    this.currentVisitors = new CurrentVisitors(world);
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
   * @param clock the time for quotas and for {@code now}
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
   * Changes the behaviour from the next request on. Quotas that stay the same keep their counts.
   */
  public void behave(Behaviour newBehaviour) {
    this.behaviour = newBehaviour;
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
      throw new Transport.Cut();
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
      SimulatorToken token = token(exchange, current);
      if (enter(token.user()) > current.inFlightLimit()) {
        user = token.user();
        throw tooMany(current, now, Duration.ofSeconds(1), "Too many requests in flight.");
      }
      user = token.user();
      count(ticket.request(), token, current, now);
      ticket.count();
      outcome = outcome(ticket.request(), token, current, now);
    } catch (ApiProblem problem) {
      outcome = new Outcome(error(problem, json), null);
    }
    String entered = user;
    Runnable end =
        () -> {
          leave(entered);
          ticket.end(clock.instant(), System.nanoTime());
        };
    try {
      Answer answer = outcome.answer();
      Fault fault = outcome.fault();
      if (fault instanceof Fault.HangUp) {
        end.run();
        throw new Transport.Cut();
      }
      if (fault instanceof Fault.Delay delay) {
        pause(delay.pause());
      }
      ticket.settle(answer.status(), answer.rows());
      if (current.rateLimitHeaders()) {
        exchange
            .getResponseHeaders()
            .set("X-RateLimit-Limit", Integer.toString(current.reportsQuota().size()));
      }
      Transport.send(exchange, answer, fault, current, this::pause, end);
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

  private SimulatorToken token(HttpExchange exchange, Behaviour current) throws ApiProblem {
    String header = exchange.getRequestHeaders().getFirst("Authorization");
    if (header != null && header.startsWith("Bearer ")) {
      String secret = header.substring("Bearer ".length()).strip();
      for (SimulatorToken token : current.tokens()) {
        if (token.secret().equals(secret)) {
          return token;
        }
      }
    }
    throw ApiProblem.of(401, "Unauthenticated.");
  }

  private int enter(String user) {
    synchronized (underWay) {
      return underWay.merge(user, 1, Integer::sum);
    }
  }

  private void leave(@Nullable String user) {
    if (user != null) {
      synchronized (underWay) {
        underWay.merge(user, -1, Integer::sum);
      }
    }
  }

  private void count(ApiRequest request, SimulatorToken token, Behaviour current, Instant now)
      throws ApiProblem {
    boolean report =
        request.path().equals(ApiRequest.AGGREGATIONS)
            || request.path().equals(VERSION + "/current_visitors");
    Behaviour.Closure closure = current.closure();
    if (report && closure != null) {
      Duration left = left(closure, request, now);
      if (!left.isZero() && !left.isNegative()) {
        throw tooMany(current, now, left, "Too Many Attempts.");
      }
    }
    Quota quota = report ? current.reportsQuota() : current.accountQuota();
    Map<String, QuotaMeter> meters = report ? reportMeters : accountMeters;
    QuotaMeter meter;
    synchronized (meters) {
      meter =
          meters.compute(
              token.user(),
              (user, known) ->
                  known != null && known.quota().equals(quota) ? known : new QuotaMeter(quota));
    }
    Duration wait = meter.admit(now);
    if (!wait.isZero()) {
      throw tooMany(current, now, wait, "Too Many Attempts.");
    }
  }

  /**
   * Returns the rest of a period during which reports are rejected; zero or negative if there is
   * none.
   */
  private Duration left(Behaviour.Closure closure, ApiRequest request, Instant now) {
    synchronized (closures) {
      if (request.aggregation() > closure.afterAggregation()) {
        closures.putIfAbsent(closure, now.plus(closure.time()));
      }
      return Duration.between(now, closures.getOrDefault(closure, now));
    }
  }

  private static ApiProblem tooMany(Behaviour current, Instant now, Duration wait, String message) {
    // Rounded up, so that a client that retries exactly then is not too early.
    long seconds = Math.max(1, (wait.toMillis() + 999) / 1000);
    Map<String, String> headers =
        switch (current.retryAfter()) {
          case SECONDS -> Map.of("Retry-After", Long.toString(seconds));
          case HTTP_DATE ->
              Map.of(
                  "Retry-After",
                  DateTimeFormatter.RFC_1123_DATE_TIME.format(
                      now.plus(wait).plusMillis(999).atOffset(ZoneOffset.UTC)));
          case ABSENT -> Map.of();
        };
    return ApiProblem.of(429, message, headers);
  }

  private Outcome outcome(ApiRequest request, SimulatorToken token, Behaviour current, Instant now)
      throws ApiProblem, InterruptedException {
    Fault fault = fault(request, current);
    if (fault instanceof Fault.Status status) {
      return new Outcome(Transport.ofFault(status), null);
    }
    return new Outcome(route(request, token, current, now), fault);
  }

  private @Nullable Fault fault(ApiRequest request, Behaviour current) {
    for (FaultRule rule : current.faults()) {
      if (rule.when().test(request)) {
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

  private Answer route(ApiRequest request, SimulatorToken token, Behaviour current, Instant now)
      throws ApiProblem, InterruptedException {
    if (!request.method().equals("GET")) {
      throw ApiProblem.of(405, "The method is not supported: " + request.method());
    }
    return switch (request.path()) {
      case ApiRequest.AGGREGATIONS -> aggregate(request, token, current, now);
      case VERSION + "/current_visitors" -> currentVisitors.answer(request, current, token, now);
      case VERSION + "/sites" -> account.sites(request, current, token, baseUri());
      case VERSION + "/token" -> account.token(token, now);
      default -> ofSite(request, token, current);
    };
  }

  private Answer ofSite(ApiRequest request, SimulatorToken token, Behaviour current)
      throws ApiProblem {
    String prefix = VERSION + "/sites/";
    if (request.path().startsWith(prefix)) {
      String rest = request.path().substring(prefix.length());
      int slash = rest.indexOf('/');
      if (slash < 0) {
        return account.site(rest, current, token);
      }
      if (rest.substring(slash).equals("/events")) {
        return account.events(rest.substring(0, slash), request, current, token, baseUri());
      }
      if (rest.substring(slash).equals("/milestones")) {
        return account.milestones(rest.substring(0, slash), request, current, token, baseUri());
      }
    }
    throw ApiProblem.of(404, "There is nothing here.");
  }

  private Answer aggregate(ApiRequest request, SimulatorToken token, Behaviour current, Instant now)
      throws ApiProblem, InterruptedException {
    AggregationQuery query = AggregationQuery.parse(request, world, current, token);
    if (!current.firstOfShapeDelay().isZero()) {
      boolean first;
      synchronized (shapesSeen) {
        first = shapesSeen.add(shape(request));
      }
      if (first) {
        pause(current.firstOfShapeDelay());
      }
    }
    Answer answer = aggregations.answer(query, current, now, request.number());
    List<Behaviour.Change> due = new ArrayList<>();
    synchronized (changesMade) {
      for (Behaviour.Change change : current.changes()) {
        if (request.aggregation() >= change.afterAggregation() && changesMade.add(change)) {
          due.add(change);
        }
      }
    }
    due.forEach(change -> change.what().accept(world));
    return answer;
  }

  /** Returns the shape of a query: all parameters except its site, event and range. */
  private static String shape(ApiRequest request) {
    Map<String, String> shape = new TreeMap<>(request.parameters());
    shape.keySet().removeAll(Set.of("entity_id", "site_id", "entity_name", "date_from", "date_to"));
    return shape.toString();
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
