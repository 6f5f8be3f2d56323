package fathomexport.api;

import fathomexport.api.answer.AggregationAnswer;
import fathomexport.api.answer.AggregationAnswer.Contents;
import fathomexport.api.answer.AnswerParser;
import fathomexport.api.answer.RowHandler;
import fathomexport.report.QueryShape;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.Serializable;
import java.time.Instant;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/** An answer of {@code /aggregations} as it is kept: its body, or why the request was refused. */
public final class PaidAnswer implements Serializable {
  private static final long serialVersionUID = 1L;

  /** The body, compressed; empty if the request was refused. */
  private final byte[] body;

  private final Outcome.@Nullable Refused<AggregationAnswer> refusal;
  private final int requests;
  private final Instant endedAt;

  private PaidAnswer(
      byte[] body,
      Outcome.@Nullable Refused<AggregationAnswer> refusal,
      int requests,
      Instant endedAt) {
    this.body = body;
    this.refusal = refusal;
    this.requests = requests;
    this.endedAt = endedAt;
  }

  /**
   * Creates one of a response.
   *
   * @param body as {@link BodyCopy} compresses it
   */
  static PaidAnswer of(byte[] body, AggregationAnswer answer) {
    return new PaidAnswer(body, null, answer.requests(), answer.endedAt());
  }

  /** Creates one of a refusal that is about the request itself, and would be given again. */
  public static PaidAnswer of(Outcome.Refused<AggregationAnswer> refusal, Instant endedAt) {
    return new PaidAnswer(new byte[0], refusal, 0, endedAt);
  }

  /** Returns when the answer ended. */
  public Instant endedAt() {
    return endedAt;
  }

  /**
   * Returns the outcome of the call that got this answer.
   *
   * @param handler receives the rows
   */
  Outcome<AggregationAnswer> outcome(QueryShape shape, RowHandler handler) throws IOException {
    if (refusal != null) {
      return refusal;
    }
    handler.restart();
    try (GZIPInputStream json = new GZIPInputStream(new ByteArrayInputStream(body))) {
      Contents contents = AnswerParser.parse(json, shape, handler);
      return new Outcome.Success<>(new AggregationAnswer(contents, requests, endedAt));
    }
  }
}
