package fathomexport.lineage;

import fathomexport.http.HttpClients;
import fathomexport.http.TlsFaults;
import fathomexport.report.SecretRef;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Posts each event to a server once, without retries: the last event of a run repeats the content
 * of the earlier ones.
 */
final class ServerSender implements EventDelivery.Sender {
  private static final String PATH = "/api/v1/lineage";
  private static final MediaType JSON = MediaType.get("application/json; charset=utf-8");

  private static final String KEY = "lineage.url";

  private final HttpClients clients;
  private final URI server;
  private final Duration timeout;
  private final @Nullable SecretRef apiKey;
  private final Map<String, String> variables;

  /** Null until the first event, so that a proxy that cannot be used does not end the run. */
  private @Nullable OkHttpClient http;

  /**
   * @param timeout deadline of one event, from connecting to the response's headers
   */
  ServerSender(
      LineageSettings.Target.Server server,
      HttpClients clients,
      Map<String, String> variables,
      Duration timeout) {
    this.server = server.url();
    this.apiKey = server.apiKey();
    this.clients = clients;
    this.variables = variables;
    this.timeout = timeout;
  }

  private synchronized OkHttpClient http() {
    OkHttpClient client = http;
    if (client == null) {
      client = clients.to(server, timeout).build();
      http = client;
    }
    return client;
  }

  @Override
  public void send(String event) throws IOException {
    Request.Builder request =
        new Request.Builder().url(server + PATH).post(RequestBody.create(event, JSON));
    if (apiKey != null) {
      request.header("Authorization", "Bearer " + apiKey.resolve(variables));
    }
    try (Response answer = http().newCall(request.build()).execute()) {
      if (!answer.isSuccessful()) {
        throw new IOException("the server answered " + answer.code());
      }
    } catch (IOException e) {
      String hopeless = TlsFaults.whatToDo(e, KEY);
      throw hopeless == null ? e : new IOException(hopeless, e);
    }
  }

  @Override
  public synchronized void close() {
    OkHttpClient client = http;
    if (client != null) {
      client.dispatcher().cancelAll();
      client.dispatcher().executorService().shutdown();
      client.connectionPool().evictAll();
    }
  }
}
