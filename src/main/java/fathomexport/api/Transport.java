package fathomexport.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import fathomexport.api.Attempt.Fault;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes one request and reads its answer to the last byte, within one deadline. Knows nothing of
 * permits or retries.
 */
final class Transport implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Transport.class);

  /** How long an answer that is under way may go on after a stop was asked. */
  private static final Duration STOP_GRACE = Duration.ofSeconds(15);

  private static final Duration LONGEST_CONNECT = Duration.ofSeconds(30);
  private static final int ERROR_BODY_BYTES = 64 << 10;
  private static final int BUFFER_BYTES = 64 << 10;
  private static final Pattern JSON_TYPE =
      Pattern.compile("application/(json|[a-z0-9!#$&^_.+-]+\\+json)");

  private final HttpClient http;
  private final ScheduledThreadPoolExecutor cutter;
  private final String authorization;
  private final String token;
  private final String userAgent;
  private final Duration timeout;
  private final long maxBodyBytes;
  private final StopSignal stop;
  private final TimeSource time;

  /** Reads the body of an answer whose status and type are right. */
  interface BodyReader<T> {
    T read(InputStream body) throws IOException;
  }

  Transport(ApiSettings settings, String token, String version, StopSignal stop, TimeSource time) {
    this.token = token;
    this.authorization = "Bearer " + token;
    this.userAgent = "fathom-export/" + version;
    this.timeout = settings.timeout();
    this.maxBodyBytes = settings.maxBodyBytes();
    this.stop = stop;
    this.time = time;
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(timeout.compareTo(LONGEST_CONNECT) < 0 ? timeout : LONGEST_CONNECT)
            .build();
    this.cutter =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, "fathom-api-deadline");
              thread.setDaemon(true);
              return thread;
            });
    this.cutter.setRemoveOnCancelPolicy(true);
  }

  @Override
  public void close() {
    cutter.shutdownNow();
  }

  /** The text without the token, should somebody have put it there. */
  String redact(String text) {
    return text.replace(token, "***");
  }

  <T> Attempt<T> attempt(URI uri, BodyReader<T> reader) {
    HttpRequest request =
        HttpRequest.newBuilder(uri)
            .header("Accept", "application/json")
            .header("Accept-Encoding", "gzip")
            .header("User-Agent", userAgent)
            .header("Authorization", authorization)
            .GET()
            .build();
    Call call = new Call(http.sendAsync(request, HttpResponse.BodyHandlers.ofInputStream()));
    ScheduledFuture<?> deadline = cutAfter(call, timeout, Cut.DEADLINE);
    StopSignal.Registration onStop = stop.onStop(() -> cutSoon(call));
    try {
      return answered(call.await(), reader);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Attempt.Stopped<>();
    } catch (UnusableAnswerException e) {
      return faulty(call, e, e.lasting() ? Fault.MALFORMED_FOR_GOOD : Fault.MALFORMED);
    } catch (JsonProcessingException e) {
      return faulty(call, AnswerParser.unusable(e), Fault.MALFORMED);
    } catch (IOException e) {
      return faulty(call, e, Fault.UNAVAILABLE);
    } finally {
      onStop.close();
      deadline.cancel(false);
      call.cut(Cut.DONE);
    }
  }

  private ScheduledFuture<?> cutAfter(Call call, Duration delay, Cut why) {
    return cutter.schedule(() -> call.cut(why), delay.toNanos(), TimeUnit.NANOSECONDS);
  }

  private void cutSoon(Call call) {
    if (!cutter.isShutdown()) {
      var unused = cutAfter(call, STOP_GRACE, Cut.STOP);
    }
  }

  private <T> Attempt<T> faulty(Call call, IOException e, Fault fault) {
    if (Thread.currentThread().isInterrupted() || call.cutBy() == Cut.STOP) {
      return new Attempt.Stopped<>();
    }
    if (call.cutBy() == Cut.DEADLINE) {
      return new Attempt.Faulty<>(
          "no whole answer within " + timeout.toMillis() + " ms", Fault.UNAVAILABLE, null);
    }
    return new Attempt.Faulty<>(redact(reason(e)), fault, null);
  }

  private static String reason(IOException e) {
    if (e instanceof UnusableAnswerException && e.getMessage() != null) {
      return e.getMessage();
    }
    if (e instanceof EOFException || e instanceof ZipException) {
      return "the compressed body is cut off or broken: " + e.getMessage();
    }
    return e.getClass().getSimpleName() + (e.getMessage() == null ? "" : ": " + e.getMessage());
  }

  private <T> Attempt<T> answered(HttpResponse<InputStream> response, BodyReader<T> reader)
      throws IOException {
    int status = response.statusCode();
    if (status == 200) {
      return new Attempt.Usable<>(usable(response, reader));
    }
    if (status > 200 && status < 300) {
      throw new UnusableAnswerException("the status is " + status + ", not 200", false);
    }
    ErrorWords words = ErrorWords.of(redact(errorBody(response)));
    if (status == 429 || status >= 500) {
      return new Attempt.Faulty<>(
          status + ": " + words.words(),
          status == 429 ? Fault.LIMIT : Fault.UNAVAILABLE,
          RetryAfter.read(response.headers(), time.instant()));
    }
    return new Attempt.Refused<>(
        new Outcome.Refused<>(
            status,
            words.refusal(status),
            status < 400 ? "a redirect, which is not followed: check base_url" : words.words(),
            words.mentionsRange()));
  }

  private <T> T usable(HttpResponse<InputStream> response, BodyReader<T> reader)
      throws IOException {
    String type = response.headers().firstValue("Content-Type").orElse("");
    String bare = type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    if (!JSON_TYPE.matcher(bare).matches()) {
      throw new UnusableAnswerException(
          bare.isEmpty()
              ? "the answer has no content type, where application/json is expected"
              : "the answer is '" + shortened(bare) + "', not application/json",
          false);
    }
    CappedStream raw = new CappedStream(response.body(), maxBodyBytes);
    T answer;
    try (InputStream body = decoded(response, raw)) {
      answer = reader.read(body);
      // Only the stream's end brings the checks of length and checksum.
      if (body.read() != -1) {
        throw new UnusableAnswerException("something follows the end of the answer", false);
      }
      if (raw.read() != -1) {
        throw new UnusableAnswerException("something follows the compressed body", false);
      }
    }
    long announced = response.headers().firstValueAsLong("Content-Length").orElse(raw.count());
    if (announced != raw.count()) {
      throw new IOException(
          "the body is cut off: " + raw.count() + " of " + announced + " bytes came");
    }
    return answer;
  }

  private InputStream decoded(HttpResponse<InputStream> response, CappedStream raw)
      throws IOException {
    String encoding =
        response
            .headers()
            .firstValue("Content-Encoding")
            .map(e -> e.strip().toLowerCase(Locale.ROOT))
            .orElse("identity");
    return switch (encoding) {
      case "", "identity" -> raw;
      case "gzip", "x-gzip" ->
          new CappedStream(new GZIPInputStream(raw, BUFFER_BYTES), maxBodyBytes);
      default ->
          throw new UnusableAnswerException(
              "the body is encoded as '" + shortened(encoding) + "', which was not asked for",
              false);
    };
  }

  /** The beginning of an error's body; what cannot be read of it is left out. */
  private String errorBody(HttpResponse<InputStream> response) {
    try (InputStream body = decoded(response, new CappedStream(response.body(), maxBodyBytes))) {
      return new String(body.readNBytes(ERROR_BODY_BYTES), StandardCharsets.UTF_8);
    } catch (IOException e) {
      // The status alone decides; the words are a courtesy.
      return "(its words could not be read: " + reason(e) + ")";
    }
  }

  private static String shortened(String text) {
    return text.length() <= 80 ? text : text.substring(0, 80) + "…";
  }

  /** Who ended a call. */
  private enum Cut {
    DONE,
    DEADLINE,
    STOP
  }

  /** A call under way, which others may cut. */
  private static final class Call {
    private final CompletableFuture<HttpResponse<InputStream>> future;
    private @Nullable Cut cutBy;

    Call(CompletableFuture<HttpResponse<InputStream>> future) {
      this.future = future;
    }

    synchronized @Nullable Cut cutBy() {
      return cutBy;
    }

    HttpResponse<InputStream> await() throws IOException, InterruptedException {
      try {
        return future.get();
      } catch (ExecutionException e) {
        if (e.getCause() instanceof IOException io) {
          throw io;
        }
        throw new IOException(String.valueOf(e.getCause()), e);
      } catch (CancellationException e) {
        throw new IOException("the call was cut", e);
      }
    }

    /** Ends the exchange: before its headers by cancelling it, after them by closing the body. */
    void cut(Cut why) {
      synchronized (this) {
        if (cutBy != null) {
          return;
        }
        cutBy = why;
      }
      if (!future.cancel(true) && !future.isCompletedExceptionally()) {
        try {
          future.join().body().close();
        } catch (IOException e) {
          LOG.debug("closing an answer that is not read on", e);
        }
      }
    }
  }

  /** Counts, and ends what is too long. */
  private static final class CappedStream extends java.io.FilterInputStream {
    private final long cap;
    private long count;

    CappedStream(InputStream in, long cap) {
      super(in);
      this.cap = cap;
    }

    long count() {
      return count;
    }

    @Override
    public int read() throws IOException {
      int b = super.read();
      if (b >= 0) {
        add(1);
      }
      return b;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int n = super.read(bytes, offset, length);
      if (n > 0) {
        add(n);
      }
      return n;
    }

    private void add(int n) throws IOException {
      count += n;
      if (count > cap) {
        throw new UnusableAnswerException("the answer is longer than " + cap + " bytes", true);
      }
    }

    @Override
    public long skip(long n) throws IOException {
      return super.skip(0);
    }

    @Override
    public boolean markSupported() {
      return false;
    }
  }
}
