package fathomexport.pipeline;

import fathomexport.api.Outcome;

/** A question could not be answered; the failure says why. */
final class FetchFailedException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient Outcome.Failure<?> failure;

  FetchFailedException(Outcome.Failure<?> failure) {
    super(failure.describe());
    this.failure = failure;
  }

  Outcome.Failure<?> failure() {
    return failure;
  }
}
