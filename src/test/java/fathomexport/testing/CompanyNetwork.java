package fathomexport.testing;

import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * A company's way to the internet: a proxy that asks for a password, and behind it a server whose
 * certificate only the company's authority has signed. Only the proxy knows where the hosts are.
 */
public final class CompanyNetwork implements AutoCloseable {
  private static final String PASSWORD = "made-for-a-test";

  /** The user and the password as they stand in a URL. */
  public static final String CREDENTIALS = "me:p%40ss@";

  private static final String AUTHORIZATION = "Proxy-Authorization: Basic bWU6cEBzcw==";

  private final HttpsServer server;
  private final ServerSocket proxy;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Path authority;
  private final List<String> asked = new ArrayList<>();

  /**
   * @param directory where keys and the certificate are written
   * @param hosts the hosts for which the server has its certificate
   */
  public CompanyNetwork(Path directory, HttpHandler handler, String... hosts) throws Exception {
    Path store = directory.resolve("server.p12");
    authority = directory.resolve("ca.pem");
    keytool(
        "-genkeypair",
        "-alias",
        "test",
        "-keyalg",
        "EC",
        "-dname",
        "CN=" + hosts[0],
        "-ext",
        Arrays.stream(hosts)
            .map(host -> "DNS:" + host)
            .collect(Collectors.joining(",", "SAN=", "")),
        "-validity",
        "2",
        "-storetype",
        "PKCS12",
        "-keystore",
        store.toString(),
        "-storepass",
        PASSWORD);
    keytool(
        "-exportcert",
        "-rfc",
        "-alias",
        "test",
        "-keystore",
        store.toString(),
        "-storepass",
        PASSWORD,
        "-file",
        authority.toString());
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, PASSWORD.toCharArray());
    }
    KeyManagerFactory managers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(keys, PASSWORD.toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    InetAddress loopback = InetAddress.getLoopbackAddress();
    server = HttpsServer.create(new InetSocketAddress(loopback, 0), 0);
    server.setExecutor(threads);
    server.setHttpsConfigurator(new HttpsConfigurator(context));
    server.createContext("/", handler);
    server.start();
    proxy = new ServerSocket(0, 5, loopback);
    threads.execute(this::accept);
  }

  private static void keytool(String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
      throw new IllegalStateException(
          "keytool: "
              + new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
    }
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
