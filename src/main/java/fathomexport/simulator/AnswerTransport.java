package fathomexport.simulator;

import com.sun.net.httpserver.HttpExchange;
import fathomexport.simulator.answer.Answer;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/** Sends responses, damaged if there is a fault. */
final class AnswerTransport {
  /** Waits for a duration, in real time or as a test decides. */
  interface Pause {
    void pass(Duration duration) throws InterruptedException;
  }

  /** Makes the server close a connection without ending the response properly. */
  static final class Cut extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Cut() {
      super("connection cut on purpose", null, false, false);
    }
  }

  private AnswerTransport() {}

  /**
   * Sends a response.
   *
   * @param beforeTheEnd runs before the client can see the end of the response
   * @throws Cut if the fault cuts the connection
   */
  static void send(
      HttpExchange exchange,
      Answer answer,
      @Nullable Fault fault,
      Behaviour behaviour,
      Pause pause,
      Runnable beforeTheEnd)
      throws IOException, InterruptedException {
    byte[] body = answer.body();
    answer.headers().forEach((name, value) -> exchange.getResponseHeaders().set(name, value));
    exchange.getResponseHeaders().set("Content-Type", answer.contentType());
    String accepted = exchange.getRequestHeaders().getFirst("Accept-Encoding");
    boolean compress =
        behaviour.gzip() && body.length > 0 && accepted != null && accepted.contains("gzip");
    if (compress || fault instanceof Fault.BrokenGzip) {
      exchange.getResponseHeaders().set("Content-Encoding", "gzip");
      body = gzip(body);
    }
    if (fault instanceof Fault.BrokenGzip) {
      // Damage the second half only, so that a reader decodes the gzip header before it fails.
      for (int i = body.length / 2; i < body.length; i++) {
        body[i] ^= 0x55;
      }
    }
    boolean chunked =
        fault instanceof Fault.CutOff cut ? cut.chunked() : behaviour.chunked() && body.length > 0;
    exchange.sendResponseHeaders(
        answer.status(), chunked ? 0 : body.length == 0 ? -1 : body.length);
    OutputStream out = exchange.getResponseBody();
    if (fault instanceof Fault.CutOff cut) {
      out.write(body, 0, (int) (body.length * cut.share()));
      out.flush();
      beforeTheEnd.run();
      throw new Cut();
    }
    if (fault instanceof Fault.StallAfterHeaders stall) {
      out.flush();
      pause.pass(stall.pause());
    }
    int sent = 0;
    if (fault instanceof Fault.Drip drip) {
      while (sent + drip.bytes() < body.length) {
        out.write(body, sent, drip.bytes());
        out.flush();
        sent += drip.bytes();
        pause.pass(drip.pause());
      }
    }
    if (body.length > 0) {
      // The last byte stays in the server's buffer until the response is logged as ended.
      out.write(body, sent, body.length - 1 - sent);
      beforeTheEnd.run();
      out.write(body, body.length - 1, 1);
    } else {
      beforeTheEnd.run();
    }
    out.close();
  }

  private static byte[] gzip(byte[] body) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream(body.length / 4 + 64);
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(body);
    }
    return packed.toByteArray();
  }

  static Answer ofFault(Fault.Status fault) {
    return new Answer(
        fault.status(),
        fault.contentType(),
        Answer.utf8(fault.body()),
        Map.copyOf(fault.headers()),
        0);
  }
}
