package fathomexport.testing;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

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

  /** The address as a run is given it. */
  public String address() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
