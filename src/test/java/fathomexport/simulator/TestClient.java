package fathomexport.simulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.truth.Truth;
import fathomexport.simulator.truth.TruthQuery;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Asks a simulator as a client would, and types its rows as {@link Truth} does. */
final class TestClient {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private final URI base;
  private final String token;

  TestClient(FathomSimulator simulator) {
    this(simulator, SimulatorToken.STANDARD.secret());
  }

  TestClient(FathomSimulator simulator, String token) {
    this.base = simulator.baseUri();
    this.token = token;
  }

  /** The parameters of a query, over whole local days, sorted by time. */
  static Map<String, String> parameters(TruthQuery query) {
    Map<String, String> parameters = new LinkedHashMap<>();
    String event = query.event();
    if (event == null) {
      parameters.put("entity", "pageview");
      parameters.put("entity_id", query.site());
    } else {
      parameters.put("entity", "event");
      parameters.put("site_id", query.site());
      parameters.put("entity_name", event);
    }
    parameters.put("aggregates", String.join(",", query.aggregates()));
    if (!query.dateGrouping().equals("none")) {
      parameters.put("date_grouping", query.dateGrouping());
      parameters.put("sort_by", "timestamp:asc");
    }
    if (!query.fields().isEmpty()) {
      parameters.put("field_grouping", String.join(",", query.fields()));
    }
    if (!query.filters().isEmpty()) {
      ArrayNode filters = JSON.createArrayNode();
      for (TruthQuery.Condition f : query.filters()) {
        filters
            .addObject()
            .put("property", f.property())
            .put("operator", f.operator())
            .put("value", f.value());
      }
      parameters.put("filters", filters.toString());
    }
    parameters.put("date_from", query.from() + " 00:00:00");
    parameters.put("date_to", query.to() + " 23:59:59");
    return parameters;
  }

  HttpRequest.Builder request(String path, Map<String, String> parameters) {
    String query =
        parameters.entrySet().stream()
            .map(e -> encoded(e.getKey()) + "=" + encoded(e.getValue()))
            .collect(Collectors.joining("&"));
    return HttpRequest.newBuilder(URI.create(base + path + (query.isEmpty() ? "" : "?" + query)))
        .timeout(Duration.ofSeconds(20))
        .header("Authorization", "Bearer " + token)
        .header("Accept", "application/json");
  }

  HttpResponse<String> get(String path, Map<String, String> parameters) throws Exception {
    return send(request(path, parameters).build());
  }

  HttpResponse<String> aggregate(Map<String, String> parameters) throws Exception {
    return get("/aggregations", parameters);
  }

  HttpResponse<String> aggregate(TruthQuery query) throws Exception {
    return aggregate(parameters(query));
  }

  HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
    return HTTP.send(request, HttpResponse.BodyHandlers.ofString());
  }

  HttpResponse<byte[]> sendForBytes(HttpRequest request) throws IOException, InterruptedException {
    return HTTP.send(request, HttpResponse.BodyHandlers.ofByteArray());
  }

  /** The typed rows of a query that must be answered by 200. */
  List<Map<String, @Nullable Object>> rows(TruthQuery query) throws Exception {
    return rows(query, parameters(query));
  }

  List<Map<String, @Nullable Object>> rows(TruthQuery query, Map<String, String> parameters)
      throws Exception {
    HttpResponse<String> response = aggregate(parameters);
    if (response.statusCode() != 200) {
      throw new AssertionError(response.statusCode() + ": " + response.body());
    }
    List<Map<String, @Nullable Object>> rows = new ArrayList<>();
    for (JsonNode node : JSON.readTree(response.body())) {
      rows.add(typed(query, node));
    }
    return rows;
  }

  static JsonNode json(HttpResponse<String> response) throws IOException {
    return JSON.readTree(response.body());
  }

  private static Map<String, @Nullable Object> typed(TruthQuery query, JsonNode node) {
    Map<String, @Nullable Object> row = new LinkedHashMap<>();
    if (!query.dateGrouping().equals("none")) {
      row.put("date", date(query.dateGrouping(), node.get("date").textValue()));
    }
    query.fields().forEach(f -> row.put(f, node.get(f).textValue()));
    for (String aggregate : query.aggregates()) {
      String text = node.get(aggregate).isNull() ? null : node.get(aggregate).asText();
      boolean real = aggregate.equals("avg_duration") || aggregate.equals("bounce_rate");
      row.put(
          aggregate,
          text == null ? null : real ? (Object) Double.valueOf(text) : (Object) Long.valueOf(text));
    }
    if (row.size() != node.size()) {
      throw new AssertionError("unexpected keys in " + node);
    }
    return row;
  }

  private static Object date(String grouping, String label) {
    return switch (grouping) {
      case "hour" -> LocalDateTime.parse(label.replace(' ', 'T'));
      case "day" -> LocalDate.parse(label);
      case "month" -> LocalDate.parse(label + "-01");
      default -> LocalDate.parse(label + "-01-01");
    };
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
