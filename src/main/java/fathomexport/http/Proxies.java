package fathomexport.http;

import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import okhttp3.Authenticator;
import okhttp3.Credentials;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/**
 * The proxy that the environment names, as {@code curl} and others read it: {@code HTTPS_PROXY}
 * names it, and {@code NO_PROXY} the hosts that are reached without it. The proxy carries an
 * encrypted connection, so it sees neither secrets nor numbers.
 *
 * @param variable the environment variable that names the proxy
 * @param credentials value of the header {@code Proxy-Authorization}, or null. It is a secret
 */
record Proxies(String variable, String host, int port, @Nullable String credentials) {
  private static final String ALLOWED =
      "allowed: http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT";
  private static final int DEFAULT_PORT = 8080;
  private static final int MOST_PORT = 65_535;
  private static final Pattern LOOPBACK =
      Pattern.compile("localhost|127(\\.\\d{1,3}){3}|\\[?(::1|0:0:0:0:0:0:0:1)]?");

  /**
   * Returns the proxy for a URL; empty if there is none. Plain HTTP never uses a proxy: it stays on
   * this machine, or within a network whose lineage server has no TLS.
   *
   * @throws UnusableSettingsException if the variable does not name an HTTP proxy; the message
   *     omits its value, which may hold a password
   */
  static Optional<Proxies> of(URI baseUrl, Map<String, String> environment) {
    String variable = environment.containsKey("https_proxy") ? "https_proxy" : "HTTPS_PROXY";
    String value = environment.getOrDefault(variable, "").strip();
    String host = baseUrl.getHost().toLowerCase(Locale.ROOT);
    if (value.isEmpty()
        || !"https".equalsIgnoreCase(baseUrl.getScheme())
        || LOOPBACK.matcher(host).matches()
        || isExcepted(host, environment)) {
      return Optional.empty();
    }
    return Optional.of(parse(variable, value));
  }

  private static Proxies parse(String variable, String value) {
    URI url;
    try {
      url = new URI(value.contains("://") ? value : "http://" + value);
    } catch (URISyntaxException e) {
      // Without the cause, because it quotes the value.
      throw new UnusableSettingsException(
          "environment variable " + variable + " is not a URL; " + ALLOWED);
    }
    if (!"http".equalsIgnoreCase(url.getScheme())
        || url.getHost() == null
        || url.getPort() == 0
        || url.getPort() > MOST_PORT) {
      throw new UnusableSettingsException(
          "environment variable " + variable + " does not name an HTTP proxy; " + ALLOWED);
    }
    String user = url.getRawUserInfo();
    String credentials = null;
    if (user != null) {
      int colon = user.indexOf(':');
      credentials =
          Credentials.basic(
              decoded(colon < 0 ? user : user.substring(0, colon)),
              colon < 0 ? "" : decoded(user.substring(colon + 1)));
    }
    return new Proxies(
        variable, url.getHost(), url.getPort() < 0 ? DEFAULT_PORT : url.getPort(), credentials);
  }

  private static String decoded(String part) {
    // A plus sign is itself in this part of a URL.
    return URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  private static boolean isExcepted(String host, Map<String, String> environment) {
    String list =
        environment.containsKey("no_proxy")
            ? environment.getOrDefault("no_proxy", "")
            : environment.getOrDefault("NO_PROXY", "");
    for (String entry : list.toLowerCase(Locale.ROOT).split(",", -1)) {
      String name = entry.strip().replaceFirst(":[0-9]+$", "").replaceFirst("^\\*?\\.", "");
      if (name.equals("*")
          || (!name.isEmpty() && (host.equals(name) || host.endsWith("." + name)))) {
        return true;
      }
    }
    return false;
  }

  /** Has a client connect through the proxy. */
  void apply(OkHttpClient.Builder client) {
    client.proxy(new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved(host, port)));
    String header = credentials;
    if (header != null) {
      Authenticator login =
          (route, response) ->
              response.request().header("Proxy-Authorization") == null
                      || "OkHttp-Preemptive".equals(response.header("Proxy-Authenticate"))
                  ? response.request().newBuilder().header("Proxy-Authorization", header).build()
                  : null;
      client.proxyAuthenticator(login);
    }
  }

  /** Returns where the proxy is and who names it, without the password. */
  @Override
  public String toString() {
    return host + ":" + port + ", from " + variable;
  }
}
