package fathomexport.simulator.behaviour;

import java.time.Duration;
import java.util.Map;

/** A fault that damages a response on purpose. */
public sealed interface Fault {
  /**
   * Sends this status and body instead of the real response.
   *
   * @param headers additional headers; a 429 has a {@code Retry-After} only if it is here
   */
  record Status(int status, String contentType, String body, Map<String, String> headers)
      implements Fault {
    public Status {
      headers = Map.copyOf(headers);
    }
  }

  /** Closes the connection without sending a byte. */
  record HangUp() implements Fault {}

  /**
   * Sends only the first part of the body, then closes the connection.
   *
   * @param share the part of the body that is sent, from 0 to below 1
   * @param chunked whether the response is chunked; otherwise its Content-Length is that of the
   *     whole body
   */
  record CutOff(double share, boolean chunked) implements Fault {
    public CutOff {
      if (!(share >= 0 && share < 1)) {
        throw new IllegalArgumentException("share must be from 0 to below 1: " + share);
      }
    }
  }

  /** Sends the body in parts of this number of bytes, with a pause after each. */
  record Drip(int bytes, Duration pause) implements Fault {
    public Drip {
      if (bytes < 1) {
        throw new IllegalArgumentException("bytes must be at least 1: " + bytes);
      }
    }
  }

  /** Sends the headers, pauses, then sends the body. */
  record StallAfterHeaders(Duration pause) implements Fault {}

  /** Pauses, then sends the real response. */
  record Delay(Duration pause) implements Fault {}

  /** Sends the real response, marked as gzip, but damaged. */
  record BrokenGzip() implements Fault {}

  /** Creates a JSON error with this status and without further headers. */
  static Fault status(int status) {
    return new Status(
        status, "application/json", "{\"error\":\"scripted fault " + status + "\"}", Map.of());
  }

  /** Creates a 429 that says when to retry, in seconds or as an HTTP date. */
  static Fault tooMany(String retryAfter) {
    return new Status(
        429,
        "application/json",
        "{\"error\":\"Too Many Attempts.\"}",
        Map.of("Retry-After", retryAfter));
  }

  /** Creates a 200 with a JSON content type and this text, whatever it is. */
  static Fault body(String text) {
    return new Status(200, "application/json", text, Map.of());
  }

  /** Creates a 200 without a body. */
  static Fault empty() {
    return body("");
  }

  /** Creates a 200 with a web page. */
  static Fault html() {
    return new Status(
        200, "text/html; charset=UTF-8", "<!DOCTYPE html><title>Maintenance</title>", Map.of());
  }
}
