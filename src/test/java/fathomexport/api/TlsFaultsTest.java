package fathomexport.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import fathomexport.api.answer.AggregationAnswer;
import fathomexport.testing.ServerCertificate;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Faults of a TLS connection that no retry helps against, each against a real server. */
@Timeout(300)
class TlsFaultsTest {
  /** A server whose certificate nobody has signed but itself. */
  private static HttpsServer selfSigned() throws Exception {
    HttpsServer server =
        HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setHttpsConfigurator(
        new HttpsConfigurator(ServerCertificate.of("127.0.0.1", "IP:127.0.0.1").context()));
    server.start();
    return server;
  }

  private static String refusal(URI url) throws Exception {
    try (ClientFixture fixture = new ClientFixture(url)) {
      Outcome<AggregationAnswer> outcome = fixture.ask();
      assertThat(outcome).isInstanceOf(Outcome.Misconfigured.class);
      assertThat(fixture.client.billedRequests()).as("nothing was sent").isZero();
      assertThat(fixture.budget.taken()).isZero();
      return ((Outcome.Failure<?>) outcome).describe();
    }
  }

  @Test
  void aCertificateThatIsNotTrusted() throws Exception {
    HttpsServer server = selfSigned();
    try {
      assertThat(refusal(URI.create("https://127.0.0.1:" + server.getAddress().getPort() + "/v1")))
          .contains("certificate is not trusted")
          .contains("api.ca_certificates")
          .contains("api.base_url")
          .doesNotContain("\n");
    } finally {
      server.stop(0);
    }
  }

  @Test
  void aPortThatSpeaksPlainHttp() throws Exception {
    AtomicInteger connections = new AtomicInteger();
    try (ServerSocket listener = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      Thread server =
          new Thread(
              () -> {
                try {
                  while (true) {
                    try (Socket socket = listener.accept()) {
                      connections.incrementAndGet();
                      socket
                          .getOutputStream()
                          .write(
                              "HTTP/1.1 400 Bad Request\r\n\r\n"
                                  .getBytes(StandardCharsets.US_ASCII));
                      int unused = socket.getInputStream().read(new byte[1000]);
                    }
                  }
                } catch (IOException e) {
                  return; // The test is over.
                }
              });
      server.setDaemon(true);
      server.start();
      assertThat(refusal(URI.create("https://127.0.0.1:" + listener.getLocalPort() + "/v1")))
          .contains("does not speak TLS at this port")
          .contains("api.base_url");
      assertThat(connections).hasValue(1);
    }
  }

  /** A handshake that breaks off may be a restart: it is worth another attempt. */
  @Test
  void aHandshakeThatBreaksOff() throws Exception {
    try (ServerSocket listener = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      AtomicInteger connections = new AtomicInteger();
      Thread server =
          new Thread(
              () -> {
                try {
                  while (true) {
                    listener.accept().close();
                    connections.incrementAndGet();
                  }
                } catch (IOException e) {
                  return; // The test is over.
                }
              });
      server.setDaemon(true);
      server.start();
      try (ClientFixture fixture =
          new ClientFixture(URI.create("https://127.0.0.1:" + listener.getLocalPort() + "/v1"))) {
        assertThat(fixture.ask()).isInstanceOf(Outcome.Unavailable.class);
        assertThat(connections).hasValueGreaterThanOrEqualTo(3);
      }
    }
  }
}
