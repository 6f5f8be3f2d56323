package fathomexport.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** What Marquez and its like are to a client: takes events, and keeps them. */
public final class LineageServer implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A request that came. */
  public record Received(
      String method,
      String path,
      @Nullable String authorization,
      @Nullable String type,
      String body) {
    public JsonNode event() {
      try {
        return JSON.readTree(body);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final List<Received> received = new ArrayList<>();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final int status;
  private final boolean answers;

  private LineageServer(int status, boolean answers) {
    this.status = status;
    this.answers = answers;
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  /** Takes everything, with 201 as Marquez does. */
  public static LineageServer start() {
    return new LineageServer(201, true);
  }

  /** Answers with this status. */
  public static LineageServer answering(int status) {
    return new LineageServer(status, true);
  }

  /** Takes requests and never says a word. */
  public static LineageServer mute() {
    return new LineageServer(0, false);
  }

  private void handle(HttpExchange exchange) throws IOException {
    Received request =
        new Received(
            exchange.getRequestMethod(),
            exchange.getRequestURI().toString(),
            exchange.getRequestHeaders().getFirst("Authorization"),
            exchange.getRequestHeaders().getFirst("Content-Type"),
            new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
    synchronized (received) {
      received.add(request);
    }
    try {
      if (!answers) {
        closing.await();
      } else {
        exchange.sendResponseHeaders(status, -1);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      exchange.close();
    }
  }

  public String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  public List<Received> received() {
    synchronized (received) {
      return List.copyOf(received);
    }
  }

  public List<JsonNode> events() {
    return received().stream().map(Received::event).toList();
  }

  @Override
  public void close() {
    closing.countDown();
    server.stop(0);
    threads.shutdownNow();
  }
}
