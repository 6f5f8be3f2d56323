package fathomexport.simulator.behaviour;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A request as received.
 *
 * @param number its number among all requests, from 1
 * @param aggregation its number among the requests to {@code /aggregations}, from 1; 0 for others
 * @param path decoded, such as {@code /v1/sites}
 * @param parameters decoded, in the order sent
 */
public record ApiRequest(
    int number, int aggregation, String method, String path, Map<String, String> parameters) {

  public static final String AGGREGATIONS = "/v1/aggregations";

  public ApiRequest {
    parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
  }

  /** Returns a parameter's value; null if it was not sent. */
  public @Nullable String parameter(String name) {
    return parameters.get(name);
  }

  /** Returns the id in {@code site_id}, or else in {@code entity_id}; null if neither was sent. */
  public @Nullable String site() {
    String site = parameters.get("site_id");
    return site != null ? site : parameters.get("entity_id");
  }
}
