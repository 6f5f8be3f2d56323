package fathomexport.api;

import java.time.Instant;
import java.util.List;

/**
 * What is known of an answer of {@code /aggregations} besides its rows.
 *
 * @param contents of the body
 * @param requests it took, retries included; each is billed
 * @param endedAt when its last byte was read
 */
public record AggregationAnswer(Contents contents, int requests, Instant endedAt) {

  /**
   * What a body held.
   *
   * @param rows number of rows
   * @param bytes length of the JSON text
   * @param unknownKeys cells under keys that nobody asked for, which were ignored
   * @param unknownNames the first few of those keys
   * @param escapedCells strings that are stored as an escape, see {@code StoredText}
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
