package fathomexport.api;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.zip.GZIPOutputStream;

/**
 * A server on this machine that answers one request a connection, each as its script says, byte by
 * byte: for faults that a proper server cannot be brought to. The last step repeats.
 */
final class ScriptedServer implements AutoCloseable {
  private final ServerSocket listener;
  private final List<String> requests = new ArrayList<>();
  private final List<Step> script;
  private final CountDownLatch closed = new CountDownLatch(1);

  /** What happens to one connection after its request was read. */
  interface Step {
    void answer(Socket socket, OutputStream out, ScriptedServer server)
        throws IOException, InterruptedException;
  }

  ScriptedServer(Step... script) throws IOException {
    this.script = List.of(script);
    this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread thread = new Thread(this::serve, "scripted-server");
    thread.setDaemon(true);
    thread.start();
  }

  URI baseUrl() {
    return URI.create("http://127.0.0.1:" + listener.getLocalPort() + "/v1");
  }

  /** The heads of the requests so far. */
  List<String> requests() {
    synchronized (requests) {
      return List.copyOf(requests);
    }
  }

  /** Blocks a step for as long as the server lives. */
  void awaitEnd() throws InterruptedException {
    closed.await();
  }

  @Override
  public void close() throws IOException {
    closed.countDown();
    listener.close();
  }

  private void serve() {
    Iterator<Step> steps = script.iterator();
    Step step = null;
    while (!listener.isClosed()) {
      Socket socket;
      try {
        socket = listener.accept();
      } catch (IOException e) {
        return; // Closed.
      }
      step = steps.hasNext() || step == null ? steps.next() : step;
      Step now = step;
      Thread thread = new Thread(() -> answer(socket, now), "scripted-answer");
      thread.setDaemon(true);
      thread.start();
    }
  }

  private void answer(Socket socket, Step step) {
    try (socket) {
      BufferedReader in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
      readRequest(in);
      step.answer(socket, socket.getOutputStream(), this);
    } catch (IOException e) {
      // The client has hung up, as some tests want it to.
      return;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void readRequest(BufferedReader in) throws IOException {
    StringBuilder head = new StringBuilder();
    for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
      head.append(line).append('\n');
    }
    synchronized (requests) {
      requests.add(head.toString());
    }
  }

  /** Answers, keeps the connection for a second request, and hangs up on that one. */
  static Step keptThenLost(String body) {
    return (socket, out, server) -> {
      String head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ";
      out.write((head + body.length() + "\r\n\r\n" + body).getBytes(StandardCharsets.UTF_8));
      out.flush();
      server.readRequest(
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1)));
    };
  }

  /** A whole answer. */
  static Step answer(int status, String type, byte[] body, String... headers) {
    return (socket, out, server) -> {
      out.write(head(status, type, "Content-Length: " + body.length, headers));
      out.write(body);
      out.flush();
    };
  }

  static Step answer(int status, String type, String body, String... headers) {
    return answer(status, type, body.getBytes(StandardCharsets.UTF_8), headers);
  }

  static Step json(String body, String... headers) {
    return answer(200, "application/json", body, headers);
  }

  /** The head says how long the body is; less of it comes. */
  static Step cutWithLength(String body, int bytes) {
    return (socket, out, server) -> {
      out.write(head(200, "application/json", "Content-Length: " + body.length()));
      out.write(Arrays.copyOf(body.getBytes(StandardCharsets.UTF_8), bytes));
    };
  }

  /** Nothing says how long the body is; the connection ends early. */
  static Step cutWithoutLength(String body, int bytes) {
    return (socket, out, server) -> {
      out.write(head(200, "application/json", "X-Length: none"));
      out.write(Arrays.copyOf(body.getBytes(StandardCharsets.UTF_8), bytes));
    };
  }

  /** The body comes in chunks, and the last one is missing. */
  static Step cutChunks(String body) {
    return (socket, out, server) -> {
      out.write(head(200, "application/json", "Transfer-Encoding: chunked"));
      out.write(
          (Integer.toHexString(body.length()) + "\r\n" + body + "\r\n")
              .getBytes(StandardCharsets.UTF_8));
    };
  }

  static Step chunked(String body) {
    return (socket, out, server) -> {
      out.write(head(200, "application/json", "Transfer-Encoding: chunked"));
      out.write(
          (Integer.toHexString(body.length()) + "\r\n" + body + "\r\n0\r\n\r\n")
              .getBytes(StandardCharsets.UTF_8));
    };
  }

  static Step reset() {
    return (socket, out, server) -> socket.setSoLinger(true, 0);
  }

  static Step resetWithinBody(String body) {
    return (socket, out, server) -> {
      out.write(head(200, "application/json", "Content-Length: " + (body.length() + 1)));
      out.write(body.getBytes(StandardCharsets.UTF_8));
      out.flush();
      socket.setSoLinger(true, 0);
    };
  }

  static Step hangUp() {
    return (socket, out, server) -> {};
  }

  static Step stallBeforeHeaders() {
    return (socket, out, server) -> server.awaitEnd();
  }

  static Step stallAfterHeaders() {
    return (socket, out, server) -> {
      out.write(head(200, "application/json", "Content-Length: 100"));
      out.flush();
      server.awaitEnd();
    };
  }

  /** White space, a byte at a time, for ever. */
  static Step drip() {
    return (socket, out, server) -> {
      out.write(head(200, "application/json", "Content-Length: 100000"));
      while (!server.closed.await(10, java.util.concurrent.TimeUnit.MILLISECONDS)) {
        out.write(' ');
        out.flush();
      }
    };
  }

  static byte[] gzip(String text) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static byte[] head(int status, String type, String length, String... headers) {
    StringBuilder head = new StringBuilder("HTTP/1.1 " + status + " Said\r\n");
    if (!type.isEmpty()) {
      head.append("Content-Type: ").append(type).append("\r\n");
    }
    head.append(length).append("\r\nConnection: close\r\n");
    for (String header : headers) {
      head.append(header).append("\r\n");
    }
    return head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
  }
}
