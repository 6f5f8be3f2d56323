package fathomexport.simulator;

import fathomexport.simulator.answer.AccountEndpoints;
import fathomexport.simulator.answer.AggregationQuery;
import fathomexport.simulator.answer.Aggregations;
import fathomexport.simulator.answer.Answer;
import fathomexport.simulator.answer.ApiProblem;
import fathomexport.simulator.answer.QueryParser;
import fathomexport.simulator.answer.VisitorsEndpoint;
import fathomexport.simulator.behaviour.ApiRequest;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;

/** The endpoints of the API: which path is answered by what. */
final class Endpoints {
  private final World world;
  private final Supplier<URI> baseUri;
  private final AnswerTransport.Pause pauses;
  private final Aggregations aggregations;
  private final AccountEndpoints account;
  private final VisitorsEndpoint currentVisitors;
  private final Set<Behaviour.Change> changesMade = new HashSet<>();
  private final Set<String> shapesSeen = new HashSet<>();

  /**
   * @param baseUri returns the address of the API, which responses contain
   * @param pauses waits where a response is to take long
   */
  Endpoints(World world, Supplier<URI> baseUri, AnswerTransport.Pause pauses) {
    this.world = world;
    this.baseUri = baseUri;
    this.pauses = pauses;
    this.aggregations = new Aggregations(world);
    this.account = new AccountEndpoints(world);
    this.currentVisitors = new VisitorsEndpoint(world);
  }

  /** Answers a request. */
  Answer answer(ApiRequest request, SimulatorToken token, Behaviour current, Instant now)
      throws ApiProblem, InterruptedException {
    if (!request.method().equals("GET")) {
      throw ApiProblem.of(405, "The method is not supported: " + request.method());
    }
    return switch (request.path()) {
      case ApiRequest.AGGREGATIONS -> aggregate(request, token, current, now);
      case FathomSimulator.VERSION + "/current_visitors" ->
          currentVisitors.answer(request, current, token, now);
      case FathomSimulator.VERSION + "/sites" ->
          account.sites(request, current, token, baseUri.get());
      case FathomSimulator.VERSION + "/token" -> account.token(token, now);
      default -> ofSite(request, token, current);
    };
  }

  private Answer ofSite(ApiRequest request, SimulatorToken token, Behaviour current)
      throws ApiProblem {
    String prefix = FathomSimulator.VERSION + "/sites/";
    if (request.path().startsWith(prefix)) {
      String rest = request.path().substring(prefix.length());
      int slash = rest.indexOf('/');
      if (slash < 0) {
        return account.site(rest, current, token);
      }
      if (rest.substring(slash).equals("/events")) {
        return account.events(rest.substring(0, slash), request, current, token, baseUri.get());
      }
      if (rest.substring(slash).equals("/milestones")) {
        return account.milestones(rest.substring(0, slash), request, current, token, baseUri.get());
      }
    }
    throw ApiProblem.of(404, "There is nothing here.");
  }

  private Answer aggregate(ApiRequest request, SimulatorToken token, Behaviour current, Instant now)
      throws ApiProblem, InterruptedException {
    AggregationQuery query = QueryParser.parse(request, world, current, token);
    if (!current.firstOfShapeDelay().isZero()) {
      boolean first;
      synchronized (shapesSeen) {
        first = shapesSeen.add(shape(request));
      }
      if (first) {
        pauses.pass(current.firstOfShapeDelay());
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
}
