package fathomexport.simulator.answer;

import java.util.Map;

/** Thrown when a request is answered with an error. */
public final class ApiProblem extends Exception {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final String body;
  private final Map<String, String> headers;

  private ApiProblem(int status, String message, String body, Map<String, String> headers) {
    super(message, null, false, false);
    this.status = status;
    this.body = body;
    this.headers = headers;
  }

  /** Creates an error with the body {@code {"error":"message"}}. */
  public static ApiProblem of(int status, String message) {
    return of(status, message, Map.of());
  }

  public static ApiProblem of(int status, String message, Map<String, String> headers) {
    return new ApiProblem(
        status, message, "{\"error\":" + JsonLiterals.quote(message, true) + "}", headers);
  }

  /** Creates an error with the body {@code {"errors":{"field":["message"]}}}. */
  public static ApiProblem field(int status, String field, String message) {
    String body =
        "{\"errors\":{"
            + JsonLiterals.quote(field, true)
            + ":["
            + JsonLiterals.quote(message, true)
            + "]}}";
    return new ApiProblem(status, message, body, Map.of());
  }

  /** Creates a 400 for a parameter that is invalid on its own. */
  public static ApiProblem invalid(String field, String message) {
    return field(400, field, message);
  }

  /** Creates a 422 for fields or groupings that cannot be combined. */
  public static ApiProblem incompatible(String field, String message) {
    return field(422, field, message);
  }

  public int status() {
    return status;
  }

  public String body() {
    return body;
  }

  public Map<String, String> headers() {
    return headers;
  }
}
