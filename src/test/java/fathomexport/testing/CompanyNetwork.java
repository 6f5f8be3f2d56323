package fathomexport.testing;

import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;

/**
 * A company's way to the internet: a proxy that asks for a password, and behind it a server whose
 * certificate only the company's authority has signed. Only the proxy knows where the hosts are.
 */
public final class CompanyNetwork implements AutoCloseable {
  /** The user and the password as they stand in a URL. */
  public static final String CREDENTIALS = "me:p%40ss@";

  private static final String AUTHORIZATION = "Proxy-Authorization: Basic bWU6cEBzcw==";

  private final HttpsServer server;
  private final ServerSocket proxy;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Path authority;
  private final List<String> asked = new ArrayList<>();

  /**
   * @param directory where the certificate of the authority is written
   * @param hosts the hosts for which the server has its certificate
   */
  public CompanyNetwork(Path directory, HttpHandler handler, String... hosts) throws Exception {
    ServerCertificate certificate =
        ServerCertificate.of(
            hosts[0],
            Arrays.stream(hosts).map(host -> "DNS:" + host).collect(Collectors.joining(",")));
    authority = certificate.exported(directory.resolve("ca.pem"));
    InetAddress loopback = InetAddress.getLoopbackAddress();
    server = HttpsServer.create(new InetSocketAddress(loopback, 0), 0);
    server.setExecutor(threads);
    server.setHttpsConfigurator(new HttpsConfigurator(certificate.context()));
    server.createContext("/", handler);
    server.start();
    proxy = new ServerSocket(0, 5, loopback);
    threads.execute(this::accept);
  }

  /** The value of {@code HTTPS_PROXY} for this user and password. */
  public String proxy(String credentials) {
    return "http://" + credentials + "127.0.0.1:" + proxy.getLocalPort();
  }

  /** The certificate of the company's authority. */
  public Path authority() {
    return authority;
  }

  /** What the proxy was sent, one head per request. */
  public List<String> asked() {
    synchronized (asked) {
      return List.copyOf(asked);
    }
  }

  private void accept() {
    while (!proxy.isClosed()) {
      try {
        Socket client = proxy.accept();
        threads.execute(() -> serve(client));
      } catch (IOException e) {
        return; // The test has ended.
      }
    }
  }

  /** Asks for a password, then passes bytes both ways. */
  private void serve(Socket client) {
    try (client) {
      BufferedReader in =
          new BufferedReader(
              new InputStreamReader(client.getInputStream(), StandardCharsets.ISO_8859_1), 1);
      while (true) {
        StringBuilder head = new StringBuilder();
        for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
          head.append(line).append('\n');
        }
        if (head.isEmpty()) {
          return;
        }
        synchronized (asked) {
          asked.add(head.toString());
        }
        boolean allowed = head.indexOf(AUTHORIZATION) >= 0;
        client
            .getOutputStream()
            .write(
                (allowed
                        ? "HTTP/1.1 200 Connection established\r\n\r\n"
                        : """
                          HTTP/1.1 407 Who is it\r
                          Proxy-Authenticate: Basic realm="c"\r
                          Content-Length: 0\r
                          \r
                          """)
                    .getBytes(StandardCharsets.ISO_8859_1));
        if (allowed) {
          break;
        }
      }
      try (Socket to =
          new Socket(InetAddress.getLoopbackAddress(), server.getAddress().getPort())) {
        threads.execute(
            () -> {
              try (client) {
                to.getInputStream().transferTo(client.getOutputStream());
              } catch (IOException e) {
                return; // One of the two has hung up.
              }
            });
        client.getInputStream().transferTo(to.getOutputStream());
      }
    } catch (IOException e) {
      return; // One of the two has hung up.
    }
  }

  @Override
  public void close() throws IOException {
    proxy.close();
    server.stop(0);
    threads.shutdownNow();
  }
}
