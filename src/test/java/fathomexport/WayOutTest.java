package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.CompanyNetwork;
import fathomexport.testing.Fixture;
import fathomexport.testing.Installation;
import fathomexport.testing.LineageServer;
import fathomexport.testing.Question;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * From a company's network all connections take one way: the API, the lineage server, the webhook
 * and the dead man's switch are reached through its proxy, and trusted by its authority.
 */
@Timeout(300)
class WayOutTest {
  private static final LocalDate FIRST = LocalDate.of(2026, 6, 1);
  private static final LocalDate LAST = LocalDate.of(2026, 6, 12);
  private static final Instant NOW = Instant.parse("2026-06-10T14:00:00Z");
  private static final List<String> HOSTS =
      List.of("fathom.example", "lineage.example", "hooks.example", "ping.example");
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path directory;
  @RegisterExtension final Fixture fixture = new Fixture();
  private final List<String> received = Collections.synchronizedList(new ArrayList<>());
  private FathomSimulator api;
  private CompanyNetwork network;
  private Installation installation;

  @BeforeEach
  void install() throws Exception {
    api = fixture.api(World.dozen(23, FIRST, LAST, 0), Behaviour.unlimited());
    network = new CompanyNetwork(directory, this::handle, HOSTS.toArray(String[]::new));
    installation =
        new Installation(
                directory, fixture.database(), api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
            .variable("HTTPS_PROXY", network.proxy(CompanyNetwork.CREDENTIALS))
            .pipeline(
                "nightly",
                "[INDCRFTS]",
                "[parquet]",
                List.of(Question.pageviews("traffic_daily", "day")));
    settings(network.authority().toString(), "");
  }

  @AfterEach
  void end() throws IOException {
    network.close();
  }

  private void settings(String authority, String more) {
    installation.settings(
        """
        api:
          base_url: https://fathom.example/v1
          token: {env: %s}
          requests_per_minute: 1000
          ca_certificates: %s
        parquet: {root: warehouse}
        lineage: {url: https://lineage.example}
        notify:
          webhook: {url: https://hooks.example/of-the-team}
          exit_codes: [0, 78]
          ping: {url: https://ping.example/1}
        %s
        """
            .formatted(Installation.TOKEN_VARIABLE, authority, more));
  }

  /** Is the API, which the simulator answers for, and every other host. */
  private void handle(HttpExchange exchange) throws IOException {
    String host = exchange.getRequestHeaders().getFirst("Host");
    if (host.equals(HOSTS.get(0))) {
      String query = exchange.getRequestURI().getRawQuery();
      String path = exchange.getRequestURI().getRawPath() + (query == null ? "" : "?" + query);
      HttpURLConnection on =
          (HttpURLConnection)
              URI.create(api.baseUri().toString().replaceFirst("/v1$", "") + path)
                  .toURL()
                  .openConnection();
      for (String name : List.of("Authorization", "Accept")) {
        on.setRequestProperty(name, exchange.getRequestHeaders().getFirst(name));
      }
      byte[] body =
          on.getResponseCode() < 400
              ? on.getInputStream().readAllBytes()
              : on.getErrorStream().readAllBytes();
      exchange.getResponseHeaders().set("Content-Type", on.getContentType());
      exchange.sendResponseHeaders(on.getResponseCode(), body.length);
      exchange.getResponseBody().write(body);
    } else {
      received.add(
          host
              + " "
              + new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
      exchange.sendResponseHeaders(200, -1);
    }
    exchange.close();
  }

  private List<String> receivedBy(String host) {
    return List.copyOf(received).stream().filter(r -> r.startsWith(host + " ")).toList();
  }

  @Test
  void apiLineageAndNotificationsTakeTheProxyAndTrustTheAuthority() throws IOException {
    Installation.Ended run = installation.run("run", "nightly");

    assertThat(run.code()).as(run.said()).isZero();
    assertThat(run.err()).doesNotContain("lineage: ").doesNotContain("notify: ");
    assertThat(receivedBy("lineage.example")).hasSize(2);
    assertThat(receivedBy("ping.example")).hasSize(1);
    String summary = receivedBy("hooks.example").get(0);
    assertThat(JSON.readTree(summary.substring(summary.indexOf('{'))).path("exit_code").intValue())
        .isZero();
    for (String host : HOSTS) {
      assertThat(network.asked()).anyMatch(asked -> asked.startsWith("CONNECT " + host + ":443 "));
    }
  }

  @Test
  void withoutTheAuthorityEachSaysWhatToDo() {
    installation.settings(
        """
        api: {base_url: %s, token: {env: %s}, requests_per_minute: 1000}
        parquet: {root: warehouse}
        lineage: {url: https://lineage.example}
        notify: {webhook: {url: https://hooks.example/of-the-team}, exit_codes: [0]}
        """
            .formatted(api.baseUri(), Installation.TOKEN_VARIABLE));

    Installation.Ended run = installation.run("run", "nightly");

    assertThat(run.code()).as(run.said()).isZero();
    assertThat(run.err())
        .contains("If lineage.url is right")
        .contains("If notify.webhook.url is right")
        .contains("api.ca_certificates");
    assertThat(received).isEmpty();
  }

  /** The mistake that a run fails by does not keep its notification from arriving. */
  @Test
  void aMistakeInTheSettingsIsReportedThroughTheProxy() {
    settings(network.authority().toString(), "no_such_key: 1");

    Installation.Ended run = installation.run("run", "nightly");

    assertThat(run.code()).as(run.said()).isEqualTo(78);
    assertThat(receivedBy("hooks.example")).singleElement().asString().contains("no_such_key");
  }

  @Test
  void aFileOfAuthoritiesThatIsNotThereIsReportedToWhomJavaTrusts() {
    try (LineageServer chat = LineageServer.start()) {
      installation.settings(
          """
          api:
            base_url: https://fathom.example/v1
            token: {env: %s}
            ca_certificates: none.pem
          parquet: {root: warehouse}
          notify: {webhook: {url: %s/chat}}
          """
              .formatted(Installation.TOKEN_VARIABLE, chat.url()));

      Installation.Ended run = installation.run("run", "nightly");

      assertThat(run.code()).as(run.said()).isEqualTo(78);
      assertThat(chat.received())
          .singleElement()
          .satisfies(r -> assertThat(r.body()).contains("none.pem").contains("\"exit_code\":78"));
    }
  }

  @Test
  void aProxyThatCannotBeUsedIsNamedByEach() {
    installation
        .variable("HTTPS_PROXY", "socks5://me:s3cret@127.0.0.1:1")
        .settings(
            """
            api: {base_url: %s, token: {env: %s}, requests_per_minute: 1000}
            parquet: {root: warehouse}
            lineage: {url: https://lineage.example}
            notify: {webhook: {url: https://hooks.example/of-the-team}, exit_codes: [0]}
            """
                .formatted(api.baseUri(), Installation.TOKEN_VARIABLE));

    Installation.Ended run = installation.run("run", "nightly");

    assertThat(run.code()).as(run.said()).isZero();
    assertThat(run.err().lines().filter(l -> l.contains("does not name an HTTP proxy")))
        .as(run.err())
        .hasSize(2);
    assertThat(run.err()).doesNotContain("s3cret");
  }
}
