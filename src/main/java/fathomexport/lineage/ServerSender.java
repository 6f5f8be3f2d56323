package fathomexport.lineage;

import fathomexport.report.SecretRef;
import java.io.IOException;
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
final class ServerSender implements Delivery.Sender {
  private static final String PATH = "/api/v1/lineage";
  private static final MediaType JSON = MediaType.get("application/json; charset=utf-8");

  private final OkHttpClient http;
  private final String url;
  private final @Nullable SecretRef apiKey;
  private final Map<String, String> variables;

  /**
   * @param timeout deadline of one event, from connecting to the response's headers
   */
  ServerSender(
      LineageSettings.Target.Server server, Map<String, String> variables, Duration timeout) {
    this.url = server.url() + PATH;
    this.apiKey = server.apiKey();
    this.variables = variables;
    this.http =
        new OkHttpClient.Builder()
            .followRedirects(false)
            .followSslRedirects(false)
            .callTimeout(timeout)
            .connectTimeout(timeout)
            .readTimeout(Duration.ZERO)
            .writeTimeout(Duration.ZERO)
            .build();
  }

  @Override
  public void send(String event) throws IOException {
    Request.Builder request = new Request.Builder().url(url).post(RequestBody.create(event, JSON));
    if (apiKey != null) {
      request.header("Authorization", "Bearer " + apiKey.resolve(variables));
    }
    try (Response answer = http.newCall(request.build()).execute()) {
      if (!answer.isSuccessful()) {
        throw new IOException("the server answered " + answer.code());
      }
    }
  }

  @Override
  public void close() {
    http.dispatcher().cancelAll();
    http.dispatcher().executorService().shutdown();
    http.connectionPool().evictAll();
  }
}
