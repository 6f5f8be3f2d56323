package fathomexport.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import fathomexport.report.SecretRef;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Connections through a company's proxy and to a server whose certificate only the company's
 * authority has signed, each a real one. Only the proxy knows where the host is.
 */
@Timeout(120)
class WayToTheApiTest {
  private static final String HOST = "fathom.example";
  private static final URI BASE = URI.create("https://" + HOST + "/v1");
  private static final String PASSWORD = "made-for-a-test";
  private static final String TOKEN =
      "{\"id\":1,\"object\":\"token\",\"name\":\"mine\",\"abilities\":[\"all-sites-readonly\"]}";

  @TempDir Path directory;
  private HttpsServer server;
  private ServerSocket proxy;
  private final List<String> asked = Collections.synchronizedList(new ArrayList<>());

  private static void keytool(String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isZero();
  }

  @BeforeEach
  void start() throws Exception {
    String store = directory.resolve("server.p12").toString();
    keytool(
        "-genkeypair",
        "-alias",
        "test",
        "-keyalg",
        "EC",
        "-dname",
        "CN=" + HOST,
        "-ext",
        "SAN=DNS:" + HOST,
        "-validity",
        "2",
        "-storetype",
        "PKCS12",
        "-keystore",
        store,
        "-storepass",
        PASSWORD);
    keytool(
        "-exportcert",
        "-rfc",
        "-alias",
        "test",
        "-keystore",
        store,
        "-storepass",
        PASSWORD,
        "-file",
        directory.resolve("ca.pem").toString());
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(Path.of(store))) {
      keys.load(in, PASSWORD.toCharArray());
    }
    KeyManagerFactory managers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(keys, PASSWORD.toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    InetAddress loopback = InetAddress.getLoopbackAddress();
    server = HttpsServer.create(new InetSocketAddress(loopback, 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(context));
    server.createContext(
        "/v1/token",
        exchange -> {
          byte[] body = TOKEN.getBytes(StandardCharsets.UTF_8);
          exchange.getResponseHeaders().set("Content-Type", "application/json");
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
    proxy = new ServerSocket(0, 5, loopback);
    Thread accepting = new Thread(this::accept, "proxy");
    accepting.setDaemon(true);
    accepting.start();
  }

  @AfterEach
  void stop() throws IOException {
    proxy.close();
    server.stop(0);
  }

  private void accept() {
    while (!proxy.isClosed()) {
      try {
        Socket client = proxy.accept();
        Thread serving = new Thread(() -> serve(client), "proxied");
        serving.setDaemon(true);
        serving.start();
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
        asked.add(head.toString());
        // Base64 of me:p@ss
        boolean allowed = head.indexOf("Proxy-Authorization: Basic bWU6cEBzcw==") >= 0;
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
        Thread back =
            new Thread(
                () -> {
                  try (client) {
                    to.getInputStream().transferTo(client.getOutputStream());
                  } catch (IOException e) {
                    return; // One of the two has hung up.
                  }
                },
                "back");
        back.setDaemon(true);
        back.start();
        client.getInputStream().transferTo(to.getOutputStream());
      }
    } catch (IOException e) {
      return; // One of the two has hung up.
    }
  }

  private FathomClient client(Map<String, String> variables, @Nullable String authorities) {
    VirtualTime time = new VirtualTime();
    StopSignal stop = new StopSignal();
    ApiSettings settings =
        new ApiSettings(
            BASE,
            new SecretRef.Env("T"),
            10,
            1,
            ApiSettings.DEFAULT_TIMEOUT,
            1 << 20,
            ClientFixture.policy(),
            authorities);
    Map<String, String> environment = new HashMap<>(variables);
    environment.put("T", "a-token");
    return new FathomClient(
        settings,
        environment,
        new RunControls(
            RunControls.lookupPermits(settings, time, stop),
            RunControls.lookupPermits(settings, time, stop),
            RetryBudget::ofASiteAndReport,
            stop,
            event -> {},
            time,
            new Random(1)));
  }

  private Map<String, String> proxied(String credentials) {
    return Map.of("HTTPS_PROXY", "http://" + credentials + "127.0.0.1:" + proxy.getLocalPort());
  }

  private String pem() {
    return directory.resolve("ca.pem").toString();
  }

  @Test
  void throughAProxyWithAPasswordToAServerOfTheCompanysAuthority() {
    try (FathomClient client = client(proxied("me:p%40ss@"), pem())) {
      Outcome<Token> token = client.token();

      assertThat(token.value()).as("%s", token).map(Token::name).contains("mine");
      assertThat(asked).isNotEmpty().allMatch(a -> a.startsWith("CONNECT " + HOST + ":443 "));
      assertThat(asked)
          .as("the proxy does not see the token")
          .noneMatch(a -> a.contains("a-token"));
      Reached way = client.reached().orElseThrow();
      assertThat(way.certificate()).contains("CN=" + HOST);
      assertThat(way.validUntil()).isNotNull();
      assertThat(way.serverTime()).isNotNull();
    }
  }

  @Test
  void withoutTheAuthorityTheServerIsNotTrusted() {
    try (FathomClient client = client(proxied("me:p%40ss@"), null)) {
      assertThat(client.token())
          .isInstanceOfSatisfying(
              Outcome.Misconfigured.class,
              refused -> assertThat(refused.describe()).contains("api.ca_certificates"));
    }
  }

  @Test
  void aFileWithoutCertificatesIsRefused() throws IOException {
    Path text = Files.writeString(directory.resolve("text.pem"), "nothing\n");
    Path empty = Files.writeString(directory.resolve("empty.pem"), "");
    for (String file :
        List.of(text.toString(), empty.toString(), directory.resolve("none.pem").toString())) {
      assertThatExceptionOfType(UnusableSettingsException.class)
          .isThrownBy(() -> client(Map.of(), file))
          .withMessageContaining("api.ca_certificates")
          .withMessageContaining(file);
    }
  }

  private static String proxyOf(String... variables) {
    Map<String, String> environment = new HashMap<>();
    for (int i = 0; i < variables.length; i += 2) {
      environment.put(variables[i], variables[i + 1]);
    }
    return FathomClient.proxy(BASE, environment).orElse("none");
  }

  @Test
  void theEnvironmentNamesTheProxyAndItsExceptions() {
    assertThat(proxyOf()).isEqualTo("none");
    assertThat(proxyOf("HTTPS_PROXY", "")).isEqualTo("none");
    assertThat(proxyOf("HTTPS_PROXY", "http://p:3128/")).isEqualTo("p:3128, from HTTPS_PROXY");
    assertThat(proxyOf("https_proxy", "p", "HTTPS_PROXY", "q")).startsWith("p:8080, from https");
    assertThat(proxyOf("HTTPS_PROXY", "http://me:s3cret@p:1")).doesNotContain("s3cret", "me");
    for (String except : List.of("*", HOST, ".example", "*.example", "a, example", HOST + ":443")) {
      assertThat(proxyOf("HTTPS_PROXY", "p", "NO_PROXY", except)).as(except).isEqualTo("none");
    }
    for (String other : List.of("", "xample", "other.example", "fathom")) {
      assertThat(proxyOf("HTTPS_PROXY", "p", "NO_PROXY", other)).as(other).startsWith("p:8080");
    }
    for (String wrong : List.of("socks5://p:1", "https://p:1", "http://", "h ttp://me:s3cret@p")) {
      assertThatExceptionOfType(UnusableSettingsException.class)
          .isThrownBy(() -> proxyOf("HTTPS_PROXY", wrong))
          .withMessageContaining("HTTPS_PROXY")
          .withMessageContaining("allowed: http://HOST:PORT")
          .satisfies(e -> assertThat(e.toString()).doesNotContain("s3cret"));
    }
    assertThat(FathomClient.proxy(URI.create("http://127.0.0.1/v1"), Map.of("HTTPS_PROXY", "p")))
        .as("this machine needs no proxy")
        .isEmpty();
  }
}
