package fathomexport.http;

import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/**
 * Creates every HTTP client of the program. All of them use the same proxy, trust the same
 * certificate authorities, follow no redirects, and have one deadline per request. Immutable.
 */
public final class HttpClients {
  private static final Duration LONGEST_CONNECT = Duration.ofSeconds(30);

  private final Map<String, String> environment;
  private final @Nullable String caCertificates;

  /**
   * Creates the factory; files are not read before a client is created.
   *
   * @param environment environment variables, which may name a proxy
   * @param caCertificates a file of certificate authorities that are trusted in addition to Java's;
   *     null for none
   */
  public HttpClients(Map<String, String> environment, @Nullable String caCertificates) {
    this.environment = Map.copyOf(environment);
    this.caCertificates = caCertificates;
  }

  /** Returns a factory with the same proxy that trusts Java's certificate authorities only. */
  public HttpClients withoutCaCertificates() {
    return new HttpClients(environment, null);
  }

  /**
   * Begins a client for one server.
   *
   * @param deadline of a request, from connecting to the last byte of its response
   * @throws UnusableSettingsException if the proxy or the certificate authorities cannot be used
   */
  public OkHttpClient.Builder to(URI server, Duration deadline) {
    OkHttpClient.Builder client =
        new OkHttpClient.Builder()
            .followRedirects(false)
            .followSslRedirects(false)
            .callTimeout(deadline)
            .connectTimeout(deadline.compareTo(LONGEST_CONNECT) < 0 ? deadline : LONGEST_CONNECT)
            .readTimeout(Duration.ZERO)
            .writeTimeout(Duration.ZERO);
    Proxies.of(server, environment).ifPresent(proxy -> proxy.apply(client));
    if (caCertificates != null) {
      Authorities.trust(caCertificates, client);
    }
    return client;
  }

  /**
   * Returns the proxy through which a server is reached, without its password; empty if there is
   * none.
   *
   * @throws UnusableSettingsException if the environment does not name an HTTP proxy
   */
  public Optional<String> proxy(URI server) {
    return Proxies.of(server, environment).map(Proxies::toString);
  }
}
