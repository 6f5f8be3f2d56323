package fathomexport.api.answer;

import java.time.Instant;
import java.util.List;

/**
 * The metadata of a response of {@code /aggregations}; a {@link RowHandler} receives its rows.
 *
 * @param contents the counts of the body
 * @param requests number of requests that the call took, retries included; each is billed
 * @param endedAt when the last byte was read
 */
public record AggregationAnswer(Contents contents, int requests, Instant endedAt) {

  /**
   * The counts of a response body.
   *
   * @param rows number of rows
   * @param bytes length of the JSON text
   * @param unknownKeys number of cells under keys that the query does not name; they are ignored
   * @param unknownNames the first of those keys, at most 10
   * @param escapedCells number of strings that are stored in escaped form, see {@code StoredText}
   * @param legacyEnvelope whether the rows came as {@code {object, url, has_more, data}}
   */
  public record Contents(
      long rows,
      long bytes,
      long unknownKeys,
      List<String> unknownNames,
      long escapedCells,
      boolean legacyEnvelope) {
    public Contents {
      unknownNames = List.copyOf(unknownNames);
    }
  }

  public long rows() {
    return contents.rows();
  }
}
