package fathomexport.api;

import fathomexport.api.answer.UnusableAnswerException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import okhttp3.Response;

/** Reads the body of a response: what is not JSON, too long or cut off is no answer. */
final class AnswerBody {
  private static final int ERROR_BODY_BYTES = 64 << 10;
  private static final int BUFFER_BYTES = 64 << 10;
  private static final Pattern JSON_TYPE =
      Pattern.compile("application/(json|[a-z0-9!#$&^_.+-]+\\+json)");

  private AnswerBody() {}

  /**
   * Reads the body of a response, to its last byte.
   *
   * @param mostBytes maximum size of the body in bytes
   * @throws UnusableAnswerException if it is no JSON, too long, or followed by something
   * @throws IOException if it is cut off
   */
  static <T> T read(Response response, long mostBytes, Transport.BodyReader<T> reader)
      throws IOException {
    String type = response.header("Content-Type", "");
    String bare = type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    if (!JSON_TYPE.matcher(bare).matches()) {
      throw new UnusableAnswerException(
          bare.isEmpty()
              ? "the answer has no content type, but must be application/json"
              : "the answer is '" + shortened(bare) + "', not application/json",
          false);
    }
    CappedStream raw = new CappedStream(response.body().byteStream(), mostBytes);
    T answer;
    try (InputStream body = decoded(response, raw, mostBytes)) {
      answer = reader.read(body);
      // The length and the checksum are checked only at the end of the stream.
      if (body.read() != -1) {
        throw new UnusableAnswerException("something follows the end of the answer", false);
      }
      if (raw.read() != -1) {
        throw new UnusableAnswerException("something follows the compressed body", false);
      }
    }
    String announced = response.header("Content-Length");
    if (announced != null && !announced.strip().equals(Long.toString(raw.count()))) {
      throw new IOException(
          "the body is cut off: " + raw.count() + " of " + announced + " bytes came");
    }
    return answer;
  }

  /**
   * Returns the beginning of the body of an error.
   *
   * @throws IOException if it cannot be read
   */
  static String beginning(Response response, long mostBytes) throws IOException {
    try (InputStream body =
        decoded(response, new CappedStream(response.body().byteStream(), mostBytes), mostBytes)) {
      return new String(body.readNBytes(ERROR_BODY_BYTES), StandardCharsets.UTF_8);
    }
  }

  private static InputStream decoded(Response response, CappedStream raw, long mostBytes)
      throws IOException {
    String encoding =
        response.header("Content-Encoding", "identity").strip().toLowerCase(Locale.ROOT);
    return switch (encoding) {
      case "", "identity" -> raw;
      case "gzip", "x-gzip" -> new CappedStream(new GZIPInputStream(raw, BUFFER_BYTES), mostBytes);
      default ->
          throw new UnusableAnswerException(
              "the body is encoded as '" + shortened(encoding) + "', which was not requested",
              false);
    };
  }

  private static String shortened(String text) {
    return text.length() <= 80 ? text : text.substring(0, 80) + "…";
  }

  /** Counts bytes and fails if there are more than the maximum. */
  private static final class CappedStream extends FilterInputStream {
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
