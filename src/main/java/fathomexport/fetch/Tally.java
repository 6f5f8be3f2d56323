package fathomexport.fetch;

import java.time.Instant;

/** Counts the requests and splits of a chunk. */
final class Tally {
  int requests;
  int controlRequests;
  int splits;
  Instant endedAt = Instant.EPOCH;

  void startOver() {
    requests = 0;
    controlRequests = 0;
    splits = 0;
  }

  /** Records when a response ended. */
  void ended(Instant at) {
    if (at.isAfter(endedAt)) {
      endedAt = at;
    }
  }
}
