package fathomexport.simulator;

import java.time.Duration;
import java.util.Map;

/** What goes wrong with an answer on purpose. */
public sealed interface Fault {
  /**
   * An answer of this status and body instead of the real one.
   *
   * @param headers sent beside it; a 429 carries a {@code Retry-After} only when it is here
   */
  record Status(int status, String contentType, String body, Map<String, String> headers)
      implements Fault {
    public Status {
      headers = Map.copyOf(headers);
    }
  }

  /** Closes the connection without a byte of an answer. */
  record HangUp() implements Fault {}

  /**
   * Sends only the first part of the body, then closes the connection.
   *
   * @param share how much of the body is sent, 0 to below 1
   * @param chunked whether the length is unknown to the client; else a Content-Length promises all
   */
  record CutOff(double share, boolean chunked) implements Fault {
    public CutOff {
      if (!(share >= 0 && share < 1)) {
        throw new IllegalArgumentException("share must be from 0 to below 1: " + share);
      }
    }
  }

  /** Sends the body in pieces with a pause after each. */
  record Drip(int bytes, Duration pause) implements Fault {
    public Drip {
      if (bytes < 1) {
        throw new IllegalArgumentException("bytes must be at least 1: " + bytes);
      }
    }
  }

  /** Sends the headers, then nothing for so long, then the body. */
  record StallAfterHeaders(Duration pause) implements Fault {}

  /** Sends nothing for so long, then the real answer. */
  record Delay(Duration pause) implements Fault {}

  /** The real answer, marked as gzip, but damaged. */
  record BrokenGzip() implements Fault {}

  /** A JSON error of a status, without further headers. */
  static Fault status(int status) {
    return new Status(
        status, "application/json", "{\"error\":\"scripted fault " + status + "\"}", Map.of());
  }

  /** A 429 that says when to come back, in seconds or as an HTTP date. */
  static Fault tooMany(String retryAfter) {
    return new Status(
        429,
        "application/json",
        "{\"error\":\"Too Many Attempts.\"}",
        Map.of("Retry-After", retryAfter));
  }

  /** A 200 with a JSON content type and this text, whatever it is. */
  static Fault body(String text) {
    return new Status(200, "application/json", text, Map.of());
  }

  /** A 200 without a body. */
  static Fault empty() {
    return body("");
  }

  /** A 200 with a web page. */
  static Fault html() {
    return new Status(
        200, "text/html; charset=UTF-8", "<!DOCTYPE html><title>Maintenance</title>", Map.of());
  }
}
