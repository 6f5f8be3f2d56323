package fathomexport.simulator.answer;

import java.nio.charset.StandardCharsets;
import java.util.Map;

/** A response of the simulator. */
public final class Answer {
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
  public Answer(
      int status, String contentType, byte[] body, Map<String, String> headers, int rows) {
    this.status = status;
    this.contentType = contentType;
    this.body = body;
    this.headers = Map.copyOf(headers);
    this.rows = rows;
  }

  public static Answer json(byte[] body, int rows) {
    return new Answer(200, "application/json", body, Map.of(), rows);
  }

  public static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  public int status() {
    return status;
  }

  public String contentType() {
    return contentType;
  }

  public byte[] body() {
    return body;
  }

  public Map<String, String> headers() {
    return headers;
  }

  public int rows() {
    return rows;
  }
}
