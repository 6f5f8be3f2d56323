package fathomexport.testing;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** The answer of a Flink manager about the room of its cluster, as recorded, on loopback. */
public final class FlinkOverview implements AutoCloseable {
  private final HttpServer server;

  /**
   * Starts it.
   *
   * @param version of Flink
   */
  public FlinkOverview(int workers, int slots, int free, String version) throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    byte[] answer =
        """
        {"taskmanagers":%d,"slots-total":%d,"slots-available":%d,"jobs-running":0,"jobs-finished":3,\
        "jobs-cancelled":0,"jobs-failed":0,"flink-version":"%s","flink-commit":"8bce8c4"}\
        """
            .formatted(workers, slots, free, version)
            .getBytes(StandardCharsets.UTF_8);
    server.createContext(
        "/overview",
        exchange -> {
          exchange.sendResponseHeaders(200, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    server.start();
  }

  /** Has it answer about a job that failed, and about its cause. */
  public void failed(String id, String name, String trace) {
    answer(
        "/jobs/overview",
        Map.of("jobs", List.of(Map.of("jid", id, "name", name, "state", "FAILED"))));
    answer("/jobs/" + id + "/exceptions", Map.of("root-exception", trace));
  }

  private void answer(String path, Map<String, ?> json) {
    server.createContext(
        path,
        exchange -> {
          byte[] answer = new ObjectMapper().writeValueAsBytes(json);
          exchange.sendResponseHeaders(200, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
  }

  /** The address as a run is given it. */
  public String address() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
