package fathomexport.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import fathomexport.api.CallAttempt.Fault;
import fathomexport.api.answer.AnswerParser;
import fathomexport.api.answer.ErrorWords;
import fathomexport.api.answer.UnusableAnswerException;
import fathomexport.api.pacing.Permits;
import fathomexport.api.pacing.StopSignal;
import fathomexport.api.pacing.TimeSource;
import fathomexport.http.HttpClients;
import fathomexport.http.TlsFaults;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.UnknownHostException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.ZipException;
import okhttp3.Call;
import okhttp3.ConnectionPool;
import okhttp3.Handshake;
import okhttp3.HttpUrl;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Sends one request and reads its response to the last byte, within one deadline. Quotas and
 * retries are up to the caller.
 */
final class Transport implements AutoCloseable {
  /** How long an idle connection is kept; shorter than servers keep theirs. */
  private static final Duration LONGEST_IDLE = Duration.ofSeconds(4);

  /** The key of the configuration that a fault of the connection may be mended by. */
  private static final String BASE_URL = "api.base_url";

  /** How long an impatient command waits for a connection: it repeats its first packet twice. */
  private static final Duration BRIEF_CONNECT = Duration.ofSeconds(5);

  private final OkHttpClient http;
  private final String token;
  private final String userAgent;
  private final long timeoutMillis;
  private final long maxBodyBytes;
  private final StopSignal stop;
  private final Duration stopGrace;
  private final TimeSource time;
  private final AtomicReference<@Nullable Reached> reached = new AtomicReference<>();
  private volatile boolean closed;

  /** Parses the body of a response whose status and content type are valid. */
  interface BodyReader<T> {
    T read(InputStream body) throws IOException;
  }

  /**
   * @param environment environment variables, which may name a proxy
   * @param stopGrace how long a request in progress may take after a stop is requested
   * @throws fathomexport.http.UnusableSettingsException if the proxy or the certificate authorities
   *     cannot be used
   */
  Transport(
      ApiSettings settings,
      Map<String, String> environment,
      String token,
      String version,
      StopSignal stop,
      Duration stopGrace,
      TimeSource time) {
    this.token = token;
    this.userAgent = "fathom-export/" + version;
    this.timeoutMillis = settings.timeout().toMillis();
    this.maxBodyBytes = settings.maxBodyBytes();
    this.stop = stop;
    this.stopGrace = stopGrace;
    this.time = time;
    // Each call sends exactly one request: one that the HTTP client repeats by itself has no
    // permit.
    OkHttpClient.Builder client =
        new HttpClients(environment, settings.caCertificates())
            .to(settings.baseUrl(), settings.timeout());
    if (settings.retries().isImpatient() && settings.timeout().compareTo(BRIEF_CONNECT) > 0) {
      client.connectTimeout(BRIEF_CONNECT);
    }
    this.http =
        client
            .protocols(List.of(Protocol.HTTP_1_1))
            .retryOnConnectionFailure(false)
            .addNetworkInterceptor(Transport::noFollowUp)
            .addNetworkInterceptor(Transport::stillPermitted)
            .connectionPool(new ConnectionPool(2, LONGEST_IDLE.toMillis(), TimeUnit.MILLISECONDS))
            .build();
  }

  /** Returns what the last response showed of the way to the API; empty before the first one. */
  Optional<Reached> reached() {
    return Optional.ofNullable(reached.get());
  }

  private Reached reached(Response response) {
    Handshake tls = response.handshake();
    X509Certificate certificate =
        tls != null
                && !tls.peerCertificates().isEmpty()
                && tls.peerCertificates().get(0) instanceof X509Certificate x509
            ? x509
            : null;
    return new Reached(
        RetryAfter.serverTime(response.headers()).orElse(null),
        time.instant(),
        certificate == null
            ? null
            : certificate.getSubjectX500Principal()
                + ", issued by "
                + certificate.getIssuerX500Principal(),
        certificate == null ? null : certificate.getNotAfter().toInstant());
  }

  /**
   * Removes {@code Retry-After: 0} from a 503, because the HTTP client would repeat the request at
   * once.
   */
  private static Response noFollowUp(Interceptor.Chain chain) throws IOException {
    Response response = chain.proceed(chain.request());
    return response.code() == 503 && "0".equals(response.header("Retry-After"))
        ? response.newBuilder().removeHeader("Retry-After").build()
        : response;
  }

  /** Checks the permit right before the first byte is sent, because connecting may take long. */
  private static Response stillPermitted(Interceptor.Chain chain) throws IOException {
    Sending sending = chain.request().tag(Sending.class);
    if (sending != null) {
      if (!sending.permit().begin()) {
        throw new LapsedException();
      }
      sending.sent().run();
    }
    return chain.proceed(chain.request());
  }

  /**
   * What belongs to one request.
   *
   * @param sent called right before the first byte is sent; not at all if no connection comes about
   */
  private record Sending(Permits.Permit permit, Runnable sent) {}

  private static final class LapsedException extends IOException {
    private static final long serialVersionUID = 1L;

    LapsedException() {
      super("the permit has lapsed");
    }
  }

  @Override
  public void close() {
    closed = true;
    http.connectionPool().evictAll();
    http.dispatcher().executorService().shutdown();
  }

  /** Replaces the token in the text, in case the text contains it. */
  String redact(String text) {
    return text.replace(token, "***");
  }

  <T> CallAttempt<T> attempt(String url, Permits.Permit permit, BodyReader<T> reader) {
    return attempt(url, permit, () -> {}, Long.MAX_VALUE, true, reader);
  }

  /**
   * Sends a request, if a connection comes about.
   *
   * @param sent called right before the request is sent: what is not sent is not billed
   * @param mostBytes maximum size of the body in bytes; the settings may lower it
   * @param billed whether the request is paid for; one that is not ends at once when a stop is
   *     requested, since nothing of its answer would be kept
   */
  <T> CallAttempt<T> attempt(
      String url,
      Permits.Permit permit,
      Runnable sent,
      long mostBytes,
      boolean billed,
      BodyReader<T> reader) {
    if (closed) {
      // A thread that is late must not send what is billed and used by no run.
      throw new IllegalStateException("the client of the API is closed");
    }
    long grace = billed ? stopGrace.toMillis() : 0;
    AtomicBoolean connected = new AtomicBoolean();
    Runnable sending =
        () -> {
          connected.set(true);
          sent.run();
        };
    Call call =
        http.newCall(
            new Request.Builder()
                .url(url)
                .tag(Sending.class, new Sending(permit, sending))
                .header("Accept", "application/json")
                .header("Accept-Encoding", "gzip")
                .header("User-Agent", userAgent)
                .header("Authorization", "Bearer " + token)
                .build());
    StopSignal.Registration onStop =
        stop.onStop(
            () ->
                CompletableFuture.delayedExecutor(grace, TimeUnit.MILLISECONDS)
                    .execute(call::cancel));
    try (Response response = call.execute()) {
      reached.set(reached(response));
      return answered(response, Math.min(mostBytes, maxBodyBytes), reader);
    } catch (LapsedException e) {
      return new CallAttempt.Lapsed<>();
    } catch (UnusableAnswerException e) {
      return unusable(e);
    } catch (JsonProcessingException e) {
      return unusable(AnswerParser.unusable(e));
    } catch (IOException e) {
      if (Thread.currentThread().isInterrupted() || (call.isCanceled() && stop.stopped())) {
        return new CallAttempt.Stopped<>();
      }
      String hopeless = TlsFaults.whatToDo(e, BASE_URL);
      if (hopeless != null) {
        return new CallAttempt.Misconfigured<>(redact(hopeless));
      }
      return connected.get()
          ? faulty(e, Fault.UNAVAILABLE)
          : new CallAttempt.Faulty<>(redact(noConnection(e, call)), Fault.UNREACHABLE, null);
    } finally {
      onStop.close();
    }
  }

  private <T> CallAttempt<T> unusable(UnusableAnswerException e) {
    if (e.isOfOtherForm()) {
      return faulty(e, Fault.OF_OTHER_FORM);
    }
    return faulty(e, e.lasting() ? Fault.MALFORMED_FOR_GOOD : Fault.MALFORMED);
  }

  private <T> CallAttempt<T> faulty(IOException e, Fault fault) {
    return new CallAttempt.Faulty<>(redact(reason(e)), fault, null);
  }

  private String reason(IOException e) {
    if (e instanceof UnusableAnswerException && e.getMessage() != null) {
      return e.getMessage();
    }
    if (e instanceof InterruptedIOException && "timeout".equals(e.getMessage())) {
      return "no complete answer within " + timeoutMillis + " ms";
    }
    if (e instanceof EOFException || e instanceof ZipException) {
      return "the body is cut off or broken: " + e.getMessage();
    }
    return e.getClass().getSimpleName() + (e.getMessage() == null ? "" : ": " + e.getMessage());
  }

  /** Says in words for people why no connection came about. */
  private String noConnection(IOException e, Call call) {
    if (e instanceof UnknownHostException) {
      String host = String.valueOf(e.getMessage()).split(":", 2)[0].strip();
      return "no address is known for the host " + host;
    }
    if (e instanceof InterruptedIOException && "timeout".equals(e.getMessage())) {
      return reason(e);
    }
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    HttpUrl url = call.request().url();
    return "no connection to "
        + url.host()
        + ":"
        + url.port()
        + ": "
        + (cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage());
  }

  private <T> CallAttempt<T> answered(Response response, long mostBytes, BodyReader<T> reader)
      throws IOException {
    int status = response.code();
    if (status == 200) {
      return new CallAttempt.Usable<>(AnswerBody.read(response, mostBytes, reader));
    }
    if (status > 200 && status < 300) {
      throw new UnusableAnswerException("the status is " + status + ", not 200", false);
    }
    ErrorWords words = ErrorWords.of(redact(errorBody(response)));
    if (status == 429 || status >= 500 || status == 408 || status == 425) {
      return new CallAttempt.Faulty<>(
          status + ": " + words.words(),
          status == 429 ? Fault.LIMIT : Fault.UNAVAILABLE,
          RetryAfter.read(response.headers(), time.instant()));
    }
    return new CallAttempt.Refused<>(
        new Outcome.Refused<>(
            status,
            words.refusal(status),
            status < 400 ? "a redirect, which is not followed: check base_url" : words.words(),
            words.mentionsRange()));
  }

  /** Returns the beginning of an error body, or a note if it cannot be read. */
  private String errorBody(Response response) {
    try {
      return AnswerBody.beginning(response, maxBodyBytes);
    } catch (IOException e) {
      // The status decides; the message is optional.
      return "(the error message could not be read: " + reason(e) + ")";
    }
  }
}
