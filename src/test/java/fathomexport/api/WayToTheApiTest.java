package fathomexport.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import fathomexport.api.answer.Token;
import fathomexport.api.pacing.RetryBudget;
import fathomexport.api.pacing.StopSignal;
import fathomexport.api.pacing.VirtualTime;
import fathomexport.http.UnusableSettingsException;
import fathomexport.report.SecretRef;
import fathomexport.testing.CompanyNetwork;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
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
  private static final String TOKEN =
      "{\"id\":1,\"object\":\"token\",\"name\":\"mine\",\"abilities\":[\"all-sites-readonly\"]}";

  @TempDir Path directory;
  private CompanyNetwork network;

  @BeforeEach
  void start() throws Exception {
    network =
        new CompanyNetwork(
            directory,
            exchange -> {
              byte[] body = TOKEN.getBytes(StandardCharsets.UTF_8);
              exchange.getResponseHeaders().set("Content-Type", "application/json");
              exchange.sendResponseHeaders(200, body.length);
              exchange.getResponseBody().write(body);
              exchange.close();
            },
            HOST);
  }

  @AfterEach
  void stop() throws IOException {
    network.close();
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

  private Map<String, String> proxied() {
    return Map.of("HTTPS_PROXY", network.proxy(CompanyNetwork.CREDENTIALS));
  }

  private String pem() {
    return network.authority().toString();
  }

  @Test
  void throughAProxyWithAPasswordToAServerOfTheCompanysAuthority() {
    try (FathomClient client = client(proxied(), pem())) {
      Outcome<Token> token = client.token();

      assertThat(token.value()).as("%s", token).map(Token::name).contains("mine");
      assertThat(network.asked())
          .isNotEmpty()
          .allMatch(a -> a.startsWith("CONNECT " + HOST + ":443 "));
      assertThat(network.asked())
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
    try (FathomClient client = client(proxied(), null)) {
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
