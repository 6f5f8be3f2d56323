package fathomexport.fetch;

import java.time.Instant;

/** Counts what a piece costs. */
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

  /** Notes when an answer ended. */
  void ended(Instant at) {
    if (at.isAfter(endedAt)) {
      endedAt = at;
    }
  }
}
