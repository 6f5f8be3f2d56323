package fathomexport.simulator;

import java.nio.charset.StandardCharsets;
import java.util.Map;

/** A response of the simulator. */
final class Answer {
  private final int status;
  private final String contentType;
  private final byte[] body;
  private final Map<String, String> headers;
  private final int rows;

  /**
   * Creates a response.
   *
   * @param rows number of data rows in the body
   */
  Answer(int status, String contentType, byte[] body, Map<String, String> headers, int rows) {
    this.status = status;
    this.contentType = contentType;
    this.body = body;
    this.headers = Map.copyOf(headers);
    this.rows = rows;
  }

  static Answer json(byte[] body, int rows) {
    return new Answer(200, "application/json", body, Map.of(), rows);
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  int status() {
    return status;
  }

  String contentType() {
    return contentType;
  }

  byte[] body() {
    return body;
  }

  Map<String, String> headers() {
    return headers;
  }

  int rows() {
    return rows;
  }
}
