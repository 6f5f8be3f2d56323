package fathomexport.notify;

import fathomexport.config.Notify;
import fathomexport.http.HttpClients;
import fathomexport.http.TlsFaults;
import fathomexport.http.UnusableSettingsException;
import fathomexport.report.SecretRef;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Sends one request to an address. The address is shown by its host alone, because the rest often
 * is a secret.
 */
final class HttpDelivery implements Delivery {
  private static final MediaType JSON = MediaType.get("application/json; charset=utf-8");

  private final String kind;
  private final Notify.Address address;
  private final @Nullable String header;
  private final @Nullable SecretRef secret;
  private final boolean posts;
  private final Map<String, String> variables;
  private final HttpClients clients;
  private final Duration deadline;

  private HttpDelivery(
      String kind,
      Notify.Address address,
      @Nullable String header,
      @Nullable SecretRef secret,
      boolean posts,
      Map<String, String> variables,
      HttpClients clients,
      Duration deadline) {
    this.kind = kind;
    this.address = address;
    this.header = header;
    this.secret = secret;
    this.posts = posts;
    this.variables = variables;
    this.clients = clients;
    this.deadline = deadline;
  }

  static HttpDelivery webhook(
      Notify.Webhook webhook,
      Map<String, String> variables,
      HttpClients clients,
      Duration deadline) {
    return new HttpDelivery(
        "webhook",
        webhook.url(),
        webhook.header(),
        webhook.secret(),
        true,
        variables,
        clients,
        deadline);
  }

  static HttpDelivery ping(
      Notify.Address address,
      Map<String, String> variables,
      HttpClients clients,
      Duration deadline) {
    return new HttpDelivery("ping", address, null, null, false, variables, clients, deadline);
  }

  @Override
  public String name() {
    URI url = address.url();
    return kind + (url == null ? "" : " to " + url.getHost());
  }

  @Override
  public void deliver(String summary) throws IOException {
    URI url = url();
    Request.Builder request =
        new Request.Builder().url(url.toURL()).header("User-Agent", "fathom-export");
    if (secret != null) {
      request.header(Objects.requireNonNull(header), headerValue(secret.resolve(variables)));
    }
    if (posts) {
      request.post(RequestBody.create(summary, JSON));
    }
    try {
      send(clients, url, request.build());
    } catch (UnusableSettingsException e) {
      // A file of authorities that cannot be read is what the run fails by. It must not keep the
      // notification of that failure from an address that Java trusts anyway.
      try {
        send(clients.withoutCaCertificates(), url, request.build());
      } catch (IOException second) {
        throw new IOException(second.getMessage() + " (" + e.getMessage() + ")", second);
      }
    }
  }

  private void send(HttpClients factory, URI url, Request request) throws IOException {
    OkHttpClient http = factory.to(url, deadline).retryOnConnectionFailure(false).build();
    try (Response answer = http.newCall(request).execute()) {
      if (!answer.isSuccessful()) {
        throw new IOException("answered " + answer.code());
      }
    } catch (IOException e) {
      String hopeless = TlsFaults.whatToDo(e, Notify.SECTION + "." + kind + ".url");
      throw hopeless == null ? e : new IOException(hopeless, e);
    } finally {
      http.dispatcher().executorService().shutdown();
      http.connectionPool().evictAll();
    }
  }

  /** Returns the address; messages about one that is kept as a secret never repeat it. */
  private URI url() throws IOException {
    URI written = address.url();
    if (written != null) {
      return written;
    }
    try {
      URI url = new URI(Objects.requireNonNull(address.secret()).resolve(variables));
      String refused = Notify.Address.refusal(url).orElse("");
      if (!refused.isEmpty()) {
        throw new IOException("the address that is kept as a secret " + refused);
      }
      return url;
    } catch (URISyntaxException e) {
      throw new IOException("the address that is kept as a secret is not a URL", e);
    }
  }

  private static String headerValue(String value) throws IOException {
    if (!value.chars().allMatch(c -> c >= ' ' && c <= '~')) {
      throw new IOException("the secret has characters that a header cannot carry");
    }
    return value;
  }

  /** Returns the parts of an address that must not appear in a message. */
  static List<String> hiddenParts(URI url) {
    String path = url.getRawPath() == null ? "" : url.getRawPath();
    String query = url.getRawQuery() == null ? "" : url.getRawQuery();
    return List.of(url.toString(), path, query);
  }
}
